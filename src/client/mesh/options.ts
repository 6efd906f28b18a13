/**
 * What a mesh is told when it is made.
 */
import type { MaxBitrates } from "./sections.js";

export interface MeshOptions {
  /** For every connection. Its ICE servers are used besides those that the signaler names. */
  readonly rtcConfiguration?: RTCConfiguration | undefined;
  /**
   * `relay` sends media through TURN servers alone, so that members do not see each other's addresses.
   *
   * @default "all"
   */
  readonly iceTransportPolicy?: RTCIceTransportPolicy | undefined;
  /** The most that is sent to each member, in bits per second, by role. @default as the browser finds right */
  readonly maxBitrates?: MaxBitrates | undefined;
  /**
   * How long the connection to a member who has left is kept while it goes on working, in milliseconds: the
   * node that it was on may have closed, and it will be back on another.
   *
   * @default 5000
   */
  readonly lingerMs?: number | undefined;
  /** How long a connection may be `disconnected` before a new path is looked for, in milliseconds. @default 3000 */
  readonly disconnectedMs?: number | undefined;
  /** What makes connections. @default the platform's RTCPeerConnection */
  readonly RTCPeerConnection?: (new (configuration: RTCConfiguration) => RTCPeerConnection) | undefined;
}
