/**
 * Makes a token, as a service of yours would for the people it lets in.
 */
import { type JWTPayload, SignJWT } from "jose";
import type { Role } from "./grant.js";

export interface TokenWishes {
  readonly userId: string;
  /** Names or patterns, in which `*` stands for any characters. */
  readonly rooms: readonly string[];
  readonly role: Role;
  readonly profile: Readonly<Record<string, unknown>>;
  /** From now, in seconds. */
  readonly ttlS: number;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

/** @param secret - the one that the signaler checks with. Signed by HS256. */
export function issueToken(secret: string, wishes: TokenWishes): Promise<string> {
  const { userId, rooms, role, profile, ttlS, issuer, audience } = wishes;
  const claims: JWTPayload = { rooms: [...rooms], role, profile };
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime(`${ttlS} s`);
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(audience);
  return token.sign(new TextEncoder().encode(secret));
}
