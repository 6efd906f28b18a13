/**
 * Reads the tokens that clients show: JSON Web Tokens, signed with a shared secret or with keys that are
 * published at a URL.
 */
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import { SignalingFailure } from "../protocol/failures.js";
import { parseProfileFields } from "../protocol/handshake.js";
import { parseId } from "../protocol/id.js";
import { isObject } from "../protocol/objects.js";
import { type Grant, type Role, roles } from "./grant.js";
import { PublishedKeys, type PublishedKeysPorts } from "./published-keys.js";

/** With a secret only these, and with published keys only the others: a public key must never pass for a secret. */
const secretAlgorithms = ["HS256", "HS384", "HS512"];
const keyAlgorithms = [
  ...["RS256", "RS384", "RS512"],
  ...["PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA"],
];
/**
 * A token may begin so much later, in seconds: clocks of those who make tokens may be ahead. None is taken after its
 * end, which would cut its owner as soon as it is in.
 */
const clockToleranceS = 5;
/** Bounds what a token can make the server remember and compare. */
export const maxTokenRooms = 100;
/** The last moment that a date can say, in milliseconds since 1970. */
const lastMoment = 8.64e15;
/** Longer ones are not even looked at, in characters. */
export const maxTokenLength = 8_192;

export interface TokenSource {
  readonly secret: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

/** Why a token is refused, as clients are told in `data.reason` [P-51]. */
type TokenRefusal =
  | "malformed"
  | "algorithm"
  | "signature"
  | "expired"
  | "not_yet_valid"
  | "issuer"
  | "audience"
  | "claims"
  | "user";

/** What the verifier takes from its surroundings. */
export interface VerifierPorts extends PublishedKeysPorts {
  /** Milliseconds since 1970. */
  readonly epochNow: () => number;
}

export class TokenVerifier {
  readonly #key: Uint8Array | PublishedKeys;
  readonly #algorithms: string[];
  readonly #source: TokenSource;
  readonly #epochNow: () => number;

  constructor(source: TokenSource, ports: VerifierPorts) {
    this.#source = source;
    this.#epochNow = ports.epochNow;
    if (source.secret !== undefined) {
      this.#key = new TextEncoder().encode(source.secret);
      this.#algorithms = secretAlgorithms;
    } else if (source.jwksUrl !== undefined) {
      this.#key = new PublishedKeys(new URL(source.jwksUrl), ports);
      this.#algorithms = keyAlgorithms;
    } else throw new Error("tokens need a secret or a URL of keys");
  }

  /** @throws SignalingFailure token_refused, keys_unavailable. */
  async verify(token: string): Promise<Grant> {
    if (token.length > maxTokenLength) throw refused("malformed");
    const { issuer, audience } = this.#source;
    const options = {
      algorithms: this.#algorithms,
      currentDate: new Date(this.#epochNow()),
      clockTolerance: clockToleranceS,
      requiredClaims: ["exp"],
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
    const grant = asGrant(await this.#claimsOf(token, options));
    if (grant.expiresAt <= this.#epochNow()) throw refused("expired");
    return grant;
  }

  async #claimsOf(token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
    const key = this.#key;
    try {
      // Two calls, because jose types a key and a function that finds one apart.
      const { payload } =
        key instanceof PublishedKeys
          ? await jwtVerify(token, (header, parts) => key.find(header, parts), options)
          : await jwtVerify(token, key, options);
      return payload;
    } catch (error) {
      const failure = asFailure(error);
      if (failure.code === "keys_unavailable" && key instanceof PublishedKeys) key.reportUseless(error);
      throw failure;
    }
  }
}

function refused(reason: TokenRefusal): SignalingFailure {
  return new SignalingFailure("token_refused", { reason });
}

function asFailure(error: unknown): SignalingFailure {
  if (error instanceof errors.JWTExpired) return refused("expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "iss") return refused("issuer");
    if (error.claim === "aud") return refused("audience");
    return refused(error.claim === "nbf" ? "not_yet_valid" : "claims");
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return refused("algorithm");
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  )
    return refused("signature");
  if (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  )
    return refused("malformed");
  // The keys could not be fetched, or are none.
  return new SignalingFailure("keys_unavailable");
}

/** @throws SignalingFailure token_refused, if a claim is not what it should be. */
function asGrant(claims: JWTPayload): Grant {
  const userId = parseId(claims.sub);
  const rooms = claims["rooms"] ?? [];
  const role = claims["role"] ?? "member";
  const list = typeof rooms === "string" ? [rooms] : rooms;
  const given = claims["profile"] ?? {};
  // The role is shown like a profile, and is nobody's own to choose.
  const profile = isRole(role) && isObject(given) ? parseProfileFields({ ...given, role }) : undefined;
  const expiresAt = (claims.exp ?? 0) * 1_000;
  const isWhole = userId !== undefined && profile !== undefined && expiresAt <= lastMoment;
  if (!isWhole || !isRole(role) || !isRoomList(list)) throw refused("claims");
  return { userId, rooms: list, role, profile, expiresAt };
}

function isRole(value: unknown): value is Role {
  return (roles as readonly unknown[]).includes(value);
}

function isRoomList(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length <= maxTokenRooms &&
    value.every((room) => parseId(room) !== undefined && typeof room === "string")
  );
}
