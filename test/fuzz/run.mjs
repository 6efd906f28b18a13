/**
 * `npm run test:fuzz -- --seed N --minutes M`: rounds of garbage for so long, each with a seed of its own, which is
 * printed. Without `--minutes`, the rounds that are part of `npm test`.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const usage = "usage: npm run test:fuzz -- [--seed WHOLE_NUMBER] [--minutes NUMBER]";

function fail(sentence) {
  console.error(`${sentence}\n${usage}`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({ options: { seed: { type: "string" }, minutes: { type: "string" } } }).values;
  } catch (error) {
    return fail(error.message);
  }
}

const { seed = String(Math.floor(Math.random() * 1_000_000)), minutes = "0" } = parse();
if (!/^\d{1,9}$/.test(seed)) fail(`--seed ${seed}: give a whole number of at most nine digits`);
if (!(Number(minutes) >= 0 && Number(minutes) <= 1_440))
  fail(`--minutes ${minutes}: give a number from 0 to 1440`);

console.log(`seed ${seed}`);
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "test/fuzz", "--config", "test/vitest.config.ts", "--disableConsoleIntercept"],
  {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { ...process.env, FUZZ_SEED: seed, FUZZ_MINUTES: minutes },
    stdio: "inherit",
  },
);
process.exit(status ?? 1);
