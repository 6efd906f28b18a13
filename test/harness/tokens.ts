/**
 * Tokens of the servers that ask for them, as a service would make them, and others.
 */
import { SignJWT } from "jose";
import { issueToken, type TokenWishes } from "../../src/access/issue-token.js";

export const jwtSecret = "a secret of at least thirty-two characters";

/** What a node is configured with that takes these tokens. */
export const askingForTokens = { auth: "token", jwtSecret } as const;

/** A good token; for a member, all rooms and an hour, where nothing else is wished for. */
export const tokenOf = (userId: string, wishes: Partial<TokenWishes> = {}): Promise<string> =>
  issueToken(jwtSecret, {
    ...{ userId, rooms: ["*"], role: "member", profile: {}, ttlS: 3_600 },
    ...{ issuer: undefined, audience: undefined, ...wishes },
  });

/** A token with just these claims. */
export const signed = (claims: Record<string, unknown>, key = jwtSecret, alg = "HS256"): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key));

/** Seconds since 1970. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

export const expiredToken = (userId: string, agoS = 120): Promise<string> =>
  signed({ sub: userId, exp: inSeconds(-agoS) });
