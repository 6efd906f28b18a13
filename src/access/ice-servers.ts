/**
 * Makes what a client needs to reach STUN and TURN servers: their URLs and, for TURN, credentials of its own that
 * end by themselves. The servers and the signaler share no more than a secret (coturn's `use-auth-secret`).
 */
import { createHmac } from "node:crypto";
import type { IceServer, IceServers } from "../protocol/envelope.js";

export interface IceSource {
  readonly stunUrls: readonly string[] | undefined;
  readonly turnUrls: readonly string[] | undefined;
  /** The first makes credentials. The second is known to the TURN servers alone: it is on its way in or out. */
  readonly turnSecrets: readonly string[] | undefined;
  readonly turnTtlS: number;
}

/**
 * @param now - in milliseconds since 1970.
 * @param until - when the user's right to be here ends; credentials do not outlive it [P-61].
 */
export function issueIceServers(source: IceSource, userId: string, now: number, until: number): IceServers {
  const { stunUrls, turnUrls, turnSecrets: [secret] = [] } = source;
  const stun: IceServer[] = stunUrls === undefined ? [] : [{ urls: stunUrls }];
  if (turnUrls === undefined || secret === undefined) return { iceServers: stun };
  const expiresAtS = Math.floor(Math.min(now + source.turnTtlS * 1_000, until) / 1_000);
  const username = `${expiresAtS}:${escapeForCoturn(userId)}`;
  const credential = createHmac("sha1", secret).update(username).digest("base64");
  return {
    iceServers: [...stun, { urls: turnUrls, username, credential }],
    expiresAt: expiresAtS * 1_000,
  };
}

/** coturn answers 400 to usernames with spaces, quotes or backslashes; `%` keeps two users from looking alike. */
function escapeForCoturn(userId: string): string {
  return userId.replace(/[ '"\\%]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
