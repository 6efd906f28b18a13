/**
 * Reads the configuration from flags and environment. What is wrong with it is said in one sentence that
 * names the setting, the value and the remedy.
 */
import { parseArgs } from "node:util";
import { type Config, type Setting, settings } from "./settings.js";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param flags - the arguments after the command, as in `process.argv`.
 * @throws ConfigError for an unknown flag or a value that the setting does not take.
 */
export function loadConfig(flags: readonly string[], environment: Environment): Config {
  const given = parseFlags(flags);
  const values = Object.entries(settings).map(([name, setting]) => [name, read(setting, given, environment)]);
  return Object.fromEntries(values) as Config;
}

function parseFlags(flags: readonly string[]): Readonly<Record<string, unknown>> {
  const options = Object.fromEntries(
    Object.values(settings).map(({ flag }) => [flag, { type: "string" as const }]),
  );
  try {
    return parseArgs({ args: [...flags], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [sentence] = (error as Error).message.split(". ");
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
  const shown = setting.secret ? "its value (not shown, it may hold a password)" : JSON.stringify(text);
  throw new ConfigError(`${source}: ${shown} is not accepted; ${setting.remedy}.`);
}
