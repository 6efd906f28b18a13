/**
 * Garbage on every layer, while people are in a call. Values come from a seed, but times are real, so the same seed
 * gives the same garbage and not the same course. Longer: `npm run test:fuzz -- --seed N --minutes M`.
 */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Latency, playRound, type Round, type RoundOptions, settings } from "./round.js";

const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const minutes = Number(process.env["FUZZ_MINUTES"] ?? 0);
const shortCompareMs = 4_000;
const longCompareMs = 20_000;
const shortAttackMs = 18_000;
const longAttackMs = 60_000;
/** Where there are fewer, the garbage did not reach what it should. */
const fewestCodes = 10;
const settingNames = Object.keys(settings) as RoundOptions["setting"][];

function report({ seed, setting }: RoundOptions, round: Round): void {
  const latency = ({ p50, p99 }: Latency) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  console.log(
    `seed ${seed}, ${setting}: ${round.garbage} pieces of garbage in ${round.lives} connections; ` +
      `${round.called} messages of the call: ${latency(round.quiet)} in quiet, ` +
      `${latency(round.compared)} while another node is attacked, ${latency(round.attacked)} attacked; ` +
      `${round.megabytes} MB; told ${JSON.stringify(round.told)}`,
  );
  if (round.violations.length === 0) return;
  const file = join(tmpdir(), `fuzz-${seed}.json`);
  writeFileSync(file, JSON.stringify(round, undefined, 1));
  console.log(`what was sent last is in ${file}`);
}

async function play(options: RoundOptions): Promise<void> {
  const round = await playRound(options);
  report(options, round);
  expect(round.violations.slice(0, 20)).toEqual([]);
  expect(Object.keys(round.told).length).toBeGreaterThanOrEqual(fewestCodes);
}

if (minutes === 0)
  it.each(settingNames)(
    `garbage harms nobody in a call, %s, with seed ${seed}`,
    (setting) => play({ seed, setting, compareMs: shortCompareMs, attackMs: shortAttackMs }),
    120_000,
  );
else
  it(
    `garbage harms nobody in a call, for ${minutes} minutes, from seed ${seed} on`,
    async () => {
      const endsAt = performance.now() + minutes * 60_000;
      for (let n = 0; performance.now() < endsAt; n += 1)
        for (const setting of settingNames)
          await play({ seed: seed + n, setting, compareMs: longCompareMs, attackMs: longAttackMs });
    },
    minutes * 60_000 + 300_000,
  );
