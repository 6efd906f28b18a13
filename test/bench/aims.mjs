/**
 * What the signaler is meant to cost, beside what was measured. To be read, not to fail on: the machine has
 * a say in it.
 */
import { cpuRatio } from "./statistics.mjs";

const acrossAgainstStock = 0.65;
const oneNodeAgainstBareWs = 1.3;
const flatness = 0.1;
const idleBytes = 16 * 1_024;
const startMs = 2_000;

/** Rows of the table of aims, for what was measured of them. */
export function aims({ scenarios, idleMemory, startTime }) {
  const subject = (scenarioId, system) =>
    scenarios
      .find(({ scenario }) => scenario.id === scenarioId)
      ?.subjects.find(({ subject }) => subject.system === system);
  const ratio = (one, other) => (one && other ? cpuRatio(one, other).ratio : undefined);
  const across = (nodes) => subject(`across-${nodes}`, "signaler");
  const rows = [];
  const add = (aim, value, text, isMet) => {
    if (value !== undefined) rows.push([aim, text(value), isMet(value) ? "yes" : "no"]);
  };
  const plain = (value) => value.toFixed(2);

  add(
    `across 4 nodes, at most ${acrossAgainstStock} of stock's CPU`,
    ratio(across(4), subject("across-4", "stock")),
    plain,
    (value) => value <= acrossAgainstStock,
  );
  for (const nodes of [4, 8])
    add(
      `across ${nodes} nodes, as much CPU as across 2, ± ${flatness * 100} %`,
      ratio(across(nodes), across(2)),
      plain,
      (value) => Math.abs(value - 1) <= flatness,
    );
  for (const [id, load] of [
    ["one-node", "calm"],
    ["one-node-busy", "busy"],
  ])
    add(
      `on 1 node (${load}), at most ${oneNodeAgainstBareWs} of a bare \`ws\` relay's CPU`,
      ratio(subject(id, "signaler"), subject(id, "ws")),
      plain,
      (value) => value <= oneNodeAgainstBareWs,
    );
  for (const { title, collected } of idleMemory.filter(({ title }) => title.startsWith("signaler")))
    add(
      `an idle connection at most 16 KB (${title})`,
      collected,
      (bytes) => `${(bytes / 1_024).toFixed(1)} KB`,
      (bytes) => bytes <= idleBytes,
    );
  for (const { title, listening } of startTime)
    add(
      `a node (${title}) listens within ${startMs / 1_000} s of its start`,
      listening,
      (ms) => `${ms.toFixed(0)} ms`,
      (ms) => ms <= startMs,
    );
  return rows;
}
