/**
 * What the two ends of a connection tell each other through signaling. Every message names the sender's end of
 * the connection, its *link*, so that what belongs to an earlier one is known for it: a page that was reloaded,
 * or that has begun anew, has another link.
 */
import { isObject } from "../../protocol/objects.js";
import { isMediaRole, type MediaRole } from "./media-role.js";

/** What each section (`mid`) of a description is for. */
export type MediaRoles = ReadonlyMap<string, MediaRole>;

interface Linked {
  /** The sender's end of the connection. */
  readonly link: string;
  /** The receiver's end, where the sender knows it. */
  readonly to?: string;
}

export interface OfferMessage extends Linked {
  readonly sdp: string;
  /** The sender's offers are counted. */
  readonly number: number;
  readonly media: MediaRoles;
}

export interface AnswerMessage extends Linked {
  readonly sdp: string;
  /** Of the offer that it is for. */
  readonly number: number;
}

export interface CandidateMessage extends Linked {
  readonly candidate: RTCIceCandidateInit;
}

/**
 * A `call` says: I am here, and wait for your offer. The polite side sends it and leaves the first offer to the
 * other.
 */
export type LinkMessage =
  | (Linked & { readonly event: "call" })
  | (OfferMessage & { readonly event: "offer" })
  | (AnswerMessage & { readonly event: "answer" })
  | (CandidateMessage & { readonly event: "candidate" });

/**
 * The payload as it is sent: descriptions and candidates stand where every client of the signaler looks for
 * them, and everything else in `mesh`, apart from whatever apps put into such messages of their own.
 */
export function encodeMessage(message: LinkMessage): Readonly<Record<string, unknown>> {
  switch (message.event) {
    case "call": {
      const { event: _, ...mesh } = message;
      return { mesh };
    }
    case "candidate": {
      const { event: _, candidate, ...mesh } = message;
      return { mesh, candidate };
    }
    case "offer": {
      const { event: type, sdp, media, ...mesh } = message;
      return { mesh: { ...mesh, media: Object.fromEntries(media) }, offer: { type, sdp } };
    }
    case "answer": {
      const { event: type, sdp, ...mesh } = message;
      return { mesh, answer: { type, sdp } };
    }
  }
}

/** @returns undefined for whatever no mesh has sent: it is the app's, or nobody's. */
export function parseMessage(event: string, data: unknown): LinkMessage | undefined {
  if (!isObject(data) || !isObject(data["mesh"])) return undefined;
  const { link, to, number, media } = data["mesh"];
  if (typeof link !== "string" || (to !== undefined && typeof to !== "string")) return undefined;
  const linked = { link, ...(to !== undefined && { to }) };
  switch (event) {
    case "call":
      return { event, ...linked };
    case "candidate": {
      const { candidate } = data;
      return isObject(candidate) ? { event, ...linked, candidate } : undefined;
    }
    case "offer":
    case "answer": {
      const description = data[event];
      if (!isObject(description) || typeof number !== "number") return undefined;
      const { sdp } = description;
      if (typeof sdp !== "string") return undefined;
      if (event === "answer") return { event, ...linked, sdp, number };
      return { event, ...linked, sdp, number, media: parseRoles(media) };
    }
    default:
      return undefined;
  }
}

/** Roles that only a newer client knows are left out. */
function parseRoles(media: unknown): MediaRoles {
  const sections = isObject(media) ? Object.entries(media) : [];
  return new Map(sections.filter((section): section is [string, MediaRole] => isMediaRole(section[1])));
}
