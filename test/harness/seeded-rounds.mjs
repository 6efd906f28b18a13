/**
 * `npm run test:… -- --seed N --minutes M`: rounds of a seeded test for so long, each with a seed of its own, which is
 * printed. Without `--minutes`, the rounds that are part of `npm test`.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/**
 * Ends the process with the tests' exit code; with 2 if the arguments are wrong.
 * @param name - of the command, `test:name`; the test reads NAME_SEED and NAME_MINUTES.
 * @param file - the test.
 */
export function playRounds(name, file) {
  const { seed, minutes } = readArguments(name);
  console.log(`seed ${seed}`);
  const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
  const { status } = spawnSync(
    process.execPath,
    [vitest, "run", file, "--config", "test/vitest.config.ts", "--disableConsoleIntercept"],
    {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: {
        ...process.env,
        [`${name.toUpperCase()}_SEED`]: seed,
        [`${name.toUpperCase()}_MINUTES`]: minutes,
      },
      stdio: "inherit",
    },
  );
  process.exit(status ?? 1);
}

function readArguments(name) {
  const fail = (sentence) => {
    console.error(`${sentence}\nusage: npm run test:${name} -- [--seed WHOLE_NUMBER] [--minutes NUMBER]`);
    process.exit(2);
  };
  const parse = () => {
    try {
      return parseArgs({ options: { seed: { type: "string" }, minutes: { type: "string" } } }).values;
    } catch (error) {
      return fail(error.message);
    }
  };
  const { seed = String(Math.floor(Math.random() * 1_000_000)), minutes = "0" } = parse();
  if (!/^\d{1,9}$/.test(seed)) fail(`--seed ${seed}: give a whole number of at most nine digits`);
  if (!(Number(minutes) >= 0 && Number(minutes) <= 1_440))
    fail(`--minutes ${minutes}: give a number from 0 to 1440`);
  return { seed, minutes };
}
