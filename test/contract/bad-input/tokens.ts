/**
 * Tokens of the servers that ask for them, good and bad.
 */
import { SignJWT } from "jose";
import { issueToken, type TokenWishes } from "../../../src/access/issue-token.js";

export const secret = "a secret of at least thirty-two characters";

/** A good token, for all rooms. */
export const tokenOf = (userId: string, wishes: Partial<TokenWishes> = {}): Promise<string> =>
  issueToken(secret, {
    ...{ userId, rooms: ["*"], role: "member", profile: {}, ttlS: 3_600 },
    ...{ issuer: undefined, audience: undefined, ...wishes },
  });

/** A token with just these claims. */
export const signed = (claims: Record<string, unknown>, key = secret, alg = "HS256"): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key));

/** Seconds since 1970. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

export const expiredToken = (userId: string): Promise<string> =>
  signed({ sub: userId, exp: inSeconds(-120) });
