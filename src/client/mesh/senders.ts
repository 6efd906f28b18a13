/**
 * What one connection sends, by role. A role keeps its section of the description for as long as the connection
 * lasts, so that tracks that come and go do not make it grow.
 */
import type { LocalTrack } from "./local-member.js";
import type { MediaRole } from "./media-role.js";
import type { MediaRoles } from "./messages.js";

export type MaxBitrates = Readonly<Partial<Record<MediaRole, number>>>;

interface Sending {
  readonly transceiver: RTCRtpTransceiver;
  stream: MediaStream;
}

export class Senders {
  readonly #pc: RTCPeerConnection;
  readonly #maxBitrates: MaxBitrates;
  readonly #byRole = new Map<MediaRole, Sending>();

  /** @param maxBitrates - in bits per second. */
  constructor(pc: RTCPeerConnection, maxBitrates: MaxBitrates) {
    this.#pc = pc;
    this.#maxBitrates = maxBitrates;
  }

  /** The connection asks for negotiation where another track alone is not enough. */
  async set(role: MediaRole, local: LocalTrack | undefined): Promise<void> {
    const sending = this.#byRole.get(role);
    if (sending === undefined) {
      if (local !== undefined) await this.#add(role, local);
      return;
    }
    const { transceiver } = sending;
    transceiver.direction = directionOf(transceiver, local !== undefined);
    if (local !== undefined && local.stream !== sending.stream) {
      sending.stream = local.stream;
      transceiver.sender.setStreams(local.stream);
    }
    await transceiver.sender.replaceTrack(local?.track ?? null);
  }

  /** By the sections of this side's description. */
  get roles(): MediaRoles {
    const roles: Record<string, MediaRole> = {};
    for (const [role, { transceiver }] of this.#byRole)
      if (transceiver.mid !== null && transceiver.sender.track !== null) roles[transceiver.mid] = role;
    return roles;
  }

  async #add(role: MediaRole, { track, stream }: LocalTrack): Promise<void> {
    const sender = this.#pc.addTrack(track, stream);
    const transceiver = this.#pc.getTransceivers().find((each) => each.sender === sender);
    if (transceiver === undefined) return;
    // A sender that never got to send for its role may be given to another.
    for (const [other, sending] of this.#byRole)
      if (sending.transceiver === transceiver) this.#byRole.delete(other);
    this.#byRole.set(role, { transceiver, stream });
    const maxBitrate = this.#maxBitrates[role];
    if (maxBitrate === undefined) return;
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
    await sender.setParameters(parameters);
  }
}

function directionOf({ direction }: RTCRtpTransceiver, sends: boolean): RTCRtpTransceiverDirection {
  const receives = direction === "sendrecv" || direction === "recvonly";
  if (sends) return receives ? "sendrecv" : "sendonly";
  return receives ? "recvonly" : "inactive";
}
