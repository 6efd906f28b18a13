/**
 * Reads the configuration from flags and environment. What is wrong with it is said in one sentence that
 * names the setting, the value and the remedy.
 */
import { parseArgs } from "node:util";
import { type Config, type Setting, settings } from "./settings.js";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param flags - the arguments after the command, as in `process.argv`.
 * @throws ConfigError for an unknown flag or a value that the setting does not take.
 */
export function loadConfig(flags: readonly string[], environment: Environment): Config {
  const given = parseFlags(flags);
  const values = Object.entries(settings).map(([name, setting]) => [name, read(setting, given, environment)]);
  const config = Object.fromEntries(values) as Unsettled;
  requireWholeTurn(config);
  return { ...config, auth: settleAuth(config, environment) };
}

type Unsettled = Omit<Config, "auth"> & { readonly auth: Config["auth"] | undefined };

/** Running open must be meant where it matters: with NODE_ENV=production it has to be said. */
function settleAuth({ auth, jwtSecret, jwksUrl }: Unsettled, environment: Environment): Config["auth"] {
  const hasKeys = jwtSecret !== undefined || jwksUrl !== undefined;
  if (jwtSecret !== undefined && jwksUrl !== undefined)
    throw new ConfigError("SIGNALER_JWT_SECRET and SIGNALER_JWKS_URL exclude each other; give one of them.");
  if (auth === "open" && hasKeys)
    throw new ConfigError(
      "SIGNALER_AUTH=open asks nobody for a token, but there is a secret or a URL of keys; give SIGNALER_AUTH=token, or leave those out.",
    );
  if (auth === "token" && !hasKeys)
    throw new ConfigError(
      "SIGNALER_AUTH=token needs something to check tokens with; give SIGNALER_JWT_SECRET or SIGNALER_JWKS_URL.",
    );
  if (auth === undefined && !hasKeys && environment["NODE_ENV"] === "production")
    throw new ConfigError(
      "anyone could join any room, and NODE_ENV is production; give SIGNALER_JWT_SECRET or SIGNALER_JWKS_URL, or SIGNALER_AUTH=open if that is meant.",
    );
  return auth ?? (hasKeys ? "token" : "open");
}

/** TURN servers refuse whoever has no credentials, and credentials are for no other use. */
function requireWholeTurn({ turnUrls, turnSecrets }: Unsettled): void {
  if (turnUrls !== undefined && turnSecrets === undefined)
    throw new ConfigError(
      "SIGNALER_TURN_URLS needs something to make credentials with; give SIGNALER_TURN_SECRETS, the static-auth-secret of these servers.",
    );
  if (turnUrls === undefined && turnSecrets !== undefined)
    throw new ConfigError(
      "SIGNALER_TURN_SECRETS needs servers to make credentials for; give SIGNALER_TURN_URLS, or leave the secrets out.",
    );
}

function parseFlags(flags: readonly string[]): Readonly<Record<string, unknown>> {
  const options = Object.fromEntries(
    Object.values(settings).map(({ flag }) => [flag, { type: "string" as const }]),
  );
  try {
    return parseArgs({ args: [...flags], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.\s/);
    throw new ConfigError(`${sentence}. Run meeting-signaler --help for the flags there are.`);
  }
}

function read(
  setting: Setting<unknown>,
  flags: Readonly<Record<string, unknown>>,
  environment: Environment,
): unknown {
  const flag = flags[setting.flag];
  // A variable that is set to nothing counts as not set, as compose files and shells write it.
  const text = flag ?? (environment[setting.env] || setting.default);
  if (text === undefined) return undefined;
  const parsed = setting.schema.safeParse(text);
  if (parsed.success) return parsed.data;
  const source = flag === undefined ? setting.env : `--${setting.flag}`;
  const shown = setting.secret ? "its value (not shown, it is or holds a secret)" : JSON.stringify(text);
  throw new ConfigError(`${source}: ${shown} is not accepted; ${setting.remedy}.`);
}
