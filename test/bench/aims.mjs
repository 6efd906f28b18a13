/**
 * What the signaler is meant to cost, beside what was measured. To be read, not to fail on: the machine has
 * a say in it.
 */
import { cpuRatio, median, slowdown } from "./statistics.mjs";

const acrossAgainstStock = 0.65;
const oneNodeAgainstBareWs = 1.3;
const flatness = 0.1;
const idleBytes = 16 * 1_024;
const startMs = 2_000;
/** The lease, and 2 s. */
const ghostMs = 12_000;
const wholeMs = 5_000;
const outageFactor = 2;
const attackFactor = 2;
const paintMs = 500;
const scriptBytes = 120 * 1_024;

/** Rows of the table of aims, for what was measured of them. */
export function aims({ scenarios, idleMemory, startTime, underFaults, underAttack, meetingPage }) {
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
  const { nodeDeath, redisReturn, faultLosses, outageLatency } = underFaults;
  const greatest = (values) => (values.length > 0 ? Math.max(...values) : undefined);
  const inSeconds = (ms) => `${(ms / 1_000).toFixed(2)} s`;
  add(
    "a killed node's members gone within lease + 2 s",
    greatest(
      nodeDeath.map(({ last, missing, twice }) => (missing + twice > 0 ? Number.POSITIVE_INFINITY : last)),
    ),
    inSeconds,
    (ms) => ms <= ghostMs,
  );
  add(
    "rosters whole 5 s after Redis is back, nobody told anything false",
    greatest(
      redisReturn.map(({ wholeLists, falseNotices }) =>
        falseNotices > 0 ? Number.POSITIVE_INFINITY : wholeLists,
      ),
    ),
    inSeconds,
    (ms) => ms <= wholeMs,
  );
  const counts = faultLosses.flatMap(({ same, across }) => [same, across]);
  add(
    "no message misreported or left without an answer",
    greatest(counts.map(({ misreported, unanswered }) => misreported + unanswered)),
    String,
    (messages) => messages === 0,
  );
  add(
    `p99 on one node in an outage, at most ${outageFactor} of before`,
    outageLatency && outageLatency.during.p99 / outageLatency.before.p99,
    plain,
    (ratio) => ratio <= outageFactor,
  );
  for (const { title, runs } of underAttack)
    add(
      `p99 on a node under attack (${title}), at most ${attackFactor} of what it is compared with, nobody else cut`,
      runs.every(({ cut }) => cut === 0)
        ? slowdown(runs, "during", "compared").ratio
        : Number.POSITIVE_INFINITY,
      plain,
      (ratio) => ratio <= attackFactor,
    );
  add(
    `the meeting page's first paint within ${paintMs / 1_000} s`,
    meetingPage && median(meetingPage.paints),
    (ms) => `${ms.toFixed(0)} ms`,
    (ms) => ms <= paintMs,
  );
  add(
    "the meeting page's JavaScript at most 120 KB, gzipped",
    meetingPage?.scriptBytes,
    (bytes) => `${(bytes / 1_024).toFixed(1)} KB`,
    (bytes) => bytes <= scriptBytes,
  );
  return rows;
}
