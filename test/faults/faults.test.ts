/**
 * Rounds of faults under meetings, judged by the rules I1 to I6. Times are real, so a seed gives the same
 * schedule again, though not the same interleaving. Longer: `npm run test:faults -- --seed N --minutes M`.
 */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeViolations } from "./checker.js";
import { faults } from "./faults.js";
import { playRound, type Round } from "./round.js";

const seed = Number(process.env["FAULTS_SEED"] ?? 2);
const minutes = Number(process.env["FAULTS_MINUTES"] ?? 0);
const faultsPerRound = 5;
/** Of the short form: as many as every fault needs to have its turn. */
const shortRounds = Math.ceil(faults.length / faultsPerRound);

function report(round: Round): void {
  const { violations, restedAfterMs, entries } = round;
  console.log(
    `seed ${round.seed}: ${round.faults.join(", ")}; ${entries.length} entries, at rest after ${restedAfterMs} ms`,
  );
  if (violations.length === 0) return;
  const file = join(tmpdir(), `faults-${round.seed}.json`);
  writeFileSync(file, JSON.stringify(round, undefined, 1));
  console.log(`${describeViolations(violations)}\nthe whole history is in ${file}`);
}

if (minutes === 0)
  // One order of all faults, dealt out to the rounds: every fault has its turn.
  it.each(Array.from({ length: shortRounds }, (_, n) => n * faultsPerRound))(
    `holds I1 to I6 through faults, from %i on, with seed ${seed}`,
    async (from) => {
      const round = await playRound(seed, from, faultsPerRound);
      report(round);
      expect(describeViolations(round.violations)).toBe("");
    },
    120_000,
  );
else
  it(
    `holds I1 to I6 through ${minutes} minutes of faults, from seed ${seed} on`,
    async () => {
      const endsAt = performance.now() + minutes * 60_000;
      const failed: string[] = [];
      for (let n = 0; performance.now() < endsAt; n += 1) {
        const round = await playRound(seed + n, 0, faultsPerRound);
        report(round);
        if (round.violations.length > 0)
          failed.push(`seed ${round.seed}\n${describeViolations(round.violations)}`);
      }
      expect(failed.join("\n\n")).toBe("");
    },
    minutes * 60_000 + 180_000,
  );
