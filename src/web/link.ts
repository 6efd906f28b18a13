/**
 * What the address says: the room, the token, and how to take part. The token is taken out of the address at once, where it
 * would be seen, shared and kept.
 */
import { recallToken, rememberToken } from "./memory.js";
import { type Claims, readClaims } from "./token.js";

export interface Link {
  readonly room: string | undefined;
  readonly token: string | undefined;
  /** What the token says, unchecked. */
  readonly claims: Claims | undefined;
  /** Media goes through a TURN server only. */
  readonly relayOnly: boolean;
  /** A drawn picture and a soft tone, in place of camera and microphone. */
  readonly synthetic: boolean;
  /** How many take part in a simulated meeting; undefined: it is a real one. */
  readonly demo: number | undefined;
}

export function readLink(): Link {
  const url = new URL(location.href);
  const { searchParams: query } = url;
  // After the # it is not even sent to the server, and so is in nobody's log.
  const given = new URLSearchParams(url.hash.slice(1)).get("token") ?? query.get("token");
  if (given !== null) {
    query.delete("token");
    url.hash = "";
    history.replaceState(null, "", url);
    rememberToken(given);
  }
  const token = given ?? recallToken();
  const claims = token === undefined ? undefined : readClaims(token);
  const demo = Number(query.get("demo"));
  return {
    room: query.get("room")?.trim() || claims?.onlyRoom,
    token,
    claims,
    relayOnly: isOn(query.get("relay")),
    synthetic: isOn(query.get("fake")),
    demo: demo >= 1 ? Math.min(demo, 50) : undefined,
  };
}

function isOn(value: string | null): boolean {
  return value !== null && value !== "0";
}

/** The link to share: the room, and nothing that is one's own. */
export function invitation(roomId: string): string {
  const url = new URL(location.pathname, location.origin);
  url.searchParams.set("room", roomId);
  return url.href;
}

/** Puts the room into the address, so that it can be shared and loaded again. */
export function showRoom(roomId: string): void {
  const url = new URL(location.href);
  if (url.searchParams.get("room") === roomId) return;
  url.searchParams.set("room", roomId);
  history.replaceState(null, "", url);
}

const letters = "abcdefghijkmnpqrstuvwxyz";

/** A room that nobody guesses: three groups of four letters, none easily mistaken for another. */
export function newRoom(): string {
  const random = crypto.getRandomValues(new Uint32Array(12));
  const name = [...random].map((number) => letters.charAt(number % letters.length)).join("");
  return `${name.slice(0, 4)}-${name.slice(4, 8)}-${name.slice(8)}`;
}

/** An id for this visit. `crypto.randomUUID` is not there without TLS. */
export function newUserId(): string {
  const random = crypto.getRandomValues(new Uint8Array(9));
  return `u-${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
