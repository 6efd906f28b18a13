/**
 * The command `meeting-signaler token`: makes a token, or says why one is refused. Checking goes by the same
 * configuration as serving does.
 */
import { parseArgs } from "node:util";
import { type Role, roles } from "./access/grant.js";
import { issueToken } from "./access/issue-token.js";
import { TokenVerifier } from "./access/token-verifier.js";
import { ConfigError, type Environment, loadConfig } from "./config/load-config.js";
import type { SignalingFailure } from "./protocol/failures.js";
import { parseProfileFields } from "./protocol/handshake.js";
import { parseId } from "./protocol/id.js";

const usage = "Run meeting-signaler --help for how.";
const defaultTtl = "1h";
const secondsPer: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const longestTtlS = 366 * 86_400;

/**
 * @returns what to print.
 * @throws ConfigError for flags that are not accepted; SignalingFailure for a token that is refused, or would be.
 */
export async function tokenCommand(flags: readonly string[], environment: Environment): Promise<string> {
  const { values } = parse(flags);
  const config = loadConfig([], { ...environment, NODE_ENV: undefined });
  const { jwtSecret: secret, jwksUrl, jwtIssuer: issuer, jwtAudience: audience } = config;
  if (config.auth === "open")
    throw new ConfigError("there is nothing to sign or check tokens with; set SIGNALER_JWT_SECRET.");

  const verifier = new TokenVerifier(
    { secret, jwksUrl, issuer, audience },
    { onKeys() {}, now: () => performance.now(), epochNow: Date.now },
  );
  if (values.check !== undefined) {
    const grant = await verifier.verify(values.check);
    return JSON.stringify({ ...grant, expiresAt: new Date(grant.expiresAt).toISOString() }, undefined, 2);
  }
  if (secret === undefined)
    throw new ConfigError(
      "a token is signed with SIGNALER_JWT_SECRET; with SIGNALER_JWKS_URL yours come from elsewhere.",
    );
  const token = await issueToken(secret, {
    userId: requireId(values.user, "--user"),
    rooms: (values.room ?? []).map((room) => requireId(room, "--room")),
    role: requireRole(values.role),
    profile: requireProfile(values.profile),
    ttlS: requireTtl(values.ttl),
    issuer,
    audience,
  });
  await verifier.verify(token);
  return token;
}

/** One sentence about a token that is refused. */
export function describeRefusal(error: SignalingFailure): string {
  const { reason } = error.detail;
  const sentences: Readonly<Record<string, string>> = {
    malformed: "this is no JSON Web Token, or one that is too long or of a kind that is not supported",
    algorithm:
      "it is signed by an algorithm that does not go with the key: a secret takes HS256, HS384 and HS512",
    signature: "it was signed with another key than the one configured here",
    expired: "it has expired",
    not_yet_valid: "it is not valid yet: nbf is in the future",
    issuer: "its iss is not SIGNALER_JWT_ISSUER",
    audience: "its aud is not SIGNALER_JWT_AUDIENCE",
    claims:
      "a claim is missing or not what it should be: sub (a userId), exp, rooms (a name, or a list of at most 100), role (member or host), profile (an object)",
  };
  return sentences[String(reason)] ?? error.message;
}

function parse(flags: readonly string[]) {
  try {
    return parseArgs({
      args: [...flags],
      options: {
        user: { type: "string" },
        room: { type: "string", multiple: true },
        role: { type: "string", default: "member" },
        profile: { type: "string", default: "{}" },
        ttl: { type: "string", default: defaultTtl },
        check: { type: "string" },
      },
    });
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.\s/);
    throw new ConfigError(`${sentence}. ${usage}`);
  }
}

function requireId(value: string | undefined, flag: string): string {
  const id = parseId(value);
  if (id === undefined)
    throw new ConfigError(
      value === undefined ? `${flag} is missing. ${usage}` : `${flag}: ${JSON.stringify(value)} is no id.`,
    );
  return id;
}

function requireRole(value: string): Role {
  const role = roles.find((known) => known === value);
  if (role === undefined) throw new ConfigError(`--role: give ${roles.join(" or ")}.`);
  return role;
}

function requireProfile(value: string): Readonly<Record<string, unknown>> {
  try {
    const profile = parseProfileFields(JSON.parse(value));
    if (profile !== undefined) return profile;
  } catch {
    // Told below, like a profile that is JSON but none.
  }
  throw new ConfigError(`--profile: give a JSON object such as '{"nickname":"Alice"}'.`);
}

function requireTtl(value: string): number {
  const [, amount = "", unit = "s"] = value.match(/^(\d{1,9})([smhd]?)$/) ?? [];
  const seconds = Number(amount) * (secondsPer[unit] ?? 1);
  if (amount === "" || seconds < 1 || seconds > longestTtlS)
    throw new ConfigError("--ttl: give a time such as 90s, 30m, 12h or 7d, at most 366d.");
  return seconds;
}
