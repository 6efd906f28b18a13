/**
 * The results as Markdown.
 */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { aims } from "./aims.mjs";
import { cpuRatio, median, slowdown, totalCpu } from "./statistics.mjs";
import { systems } from "./systems.mjs";

export function machineLine() {
  const redis = execFileSync("redis-server", ["--version"], { encoding: "utf8" }).match(/v=([\d.]+)/)[1];
  return `${availableParallelism()} cores, Node ${process.versions.node}, Redis ${redis}, everything on one machine`;
}

/** @param command - as it was typed. */
export function render({
  command,
  repeats,
  seconds: windowSeconds,
  relayCost,
  idleMemory,
  startTime,
  underFaults,
  underAttack,
  meetingPage,
  connections,
}) {
  const parts = [`\`${command}\` (${machineLine()})`];
  const { scenarios, disturbed } = relayCost;
  if (scenarios.length > 0)
    parts.push(
      `Medians of ${repeats} windows of ${windowSeconds} s each, interleaved. CPU is that of all server processes ` +
        "and Redis; the last column divides the first row's CPU by this row's (in brackets: the least and the " +
        "greatest within one pass)." +
        (disturbed > 0 ? ` Others on the machine disturbed ${disturbed} windows.` : ""),
      table(
        [
          "",
          "messages/s per node",
          "CPU µs/message",
          "nodes + Redis",
          "latency ms p50 / p90 / p99 / max",
          "ratio",
        ],
        scenarios.flatMap(relayRows),
      ),
      ...scenarios.flatMap(receiptLines),
    );
  if (idleMemory.length > 0)
    parts.push(
      `Memory per idle connection, over ${connections} of them: growth of the node's private memory (Private_* of ` +
        "its smaps_rollup) as it stands after a while, the same after a garbage collection, and what of that is V8's live heap.",
      table(
        ["", "as it stands", "collected", "live heap"],
        idleMemory.map(({ title, settled, collected, heap }) => [
          title,
          kilobytes(settled),
          kilobytes(collected),
          kilobytes(heap),
        ]),
      ),
    );
  if (startTime.length > 0)
    parts.push(
      table(
        ["start of a node", "listens after", "answers /healthz after"],
        startTime.map(({ title, listening, healthy }) => [
          title,
          `${listening.toFixed(0)} ms`,
          `${healthy.toFixed(0)} ms`,
        ]),
      ),
    );
  parts.push(...faultTables(underFaults));
  if (underAttack.length > 0) parts.push(attackTable(underAttack));
  if (meetingPage !== undefined) parts.push(pageTable(meetingPage));
  const judged = aims({ scenarios, idleMemory, startTime, underFaults, underAttack, meetingPage });
  if (judged.length > 0) parts.push(table(["aim", "measured", "met"], judged));
  return parts.join("\n\n");
}

function faultTables({ nodeDeath, redisReturn, faultLosses, outageLatency }) {
  const tables = [];
  if (nodeDeath.length > 0)
    tables.push(
      table(
        ["a node killed, of three", "first `leave` after", "last after", "missing", "told twice"],
        nodeDeath.map(({ members, first, last, missing, twice }) => [
          `${members} members`,
          seconds(first),
          seconds(last),
          String(missing),
          String(twice),
        ]),
      ),
    );
  if (redisReturn.length > 0)
    tables.push(
      table(
        ["Redis back, empty", "hashes whole after", "lists whole after", "false joins and leaves"],
        redisReturn.map(({ members, wholeHashes, wholeLists, falseNotices }) => [
          `${members} members`,
          seconds(wholeHashes),
          seconds(wholeLists),
          String(falseNotices),
        ]),
      ),
    );
  if (faultLosses.length > 0)
    tables.push(
      table(
        [
          "100 messages/s through",
          "path",
          "sent",
          "delivered",
          "404",
          "503",
          "504",
          "unanswered",
          "misreported",
        ],
        faultLosses.flatMap(({ title, ...paths }) =>
          ["same", "across"].map((path) => [
            title,
            path === "same" ? "on one node" : "across nodes",
            ...Object.values(paths[path]).map(String),
          ]),
        ),
      ),
    );
  if (outageLatency !== undefined)
    tables.push(
      table(
        ["on one node", "latency ms p50 / p90 / p99 / max"],
        [
          [`${outageLatency.rate} messages/s and node`, latencies([outageLatency.before])],
          [`the same, Redis away for ${outageLatency.seconds} s`, latencies([outageLatency.during])],
        ],
      ),
    );
  return tables;
}

/** Medians of the runs; in brackets the least and the greatest. */
function attackTable(attacks) {
  return table(
    [
      "while a node is attacked by",
      "p99 ms before / compared / during",
      "during / before",
      "during / compared",
      "MB before / most / after",
      "people cut",
      "the attacker, in its last run",
    ],
    attacks.map(({ title, runs }) => {
      const of = (read) => median(runs.map(read));
      const { done } = runs.at(-1);
      return [
        title,
        ["before", "compared", "during"].map((when) => of((run) => run[when].p99).toFixed(1)).join(" / "),
        ratioText(slowdown(runs, "during", "before")),
        ratioText(slowdown(runs, "during", "compared")),
        ["before", "greatest", "after"]
          .map((when) => megabytes(of(({ memory }) => memory[when])))
          .join(" / "),
        String(runs.reduce((sum, { cut }) => sum + cut, 0)),
        Object.entries(done)
          .map(([name, count]) => `${count} ${name}`)
          .join(", "),
      ];
    }),
  );
}

function pageTable({ paints, firstFrames, scriptBytes }) {
  const row = (title, times) => [
    title,
    String(times.length),
    [median(times), Math.min(...times), Math.max(...times)].map((ms) => ms.toFixed(0)).join(" / "),
  ];
  return table(
    [`meeting page (${kilobytes(scriptBytes)} of JavaScript, gzipped)`, "times", "ms p50 / least / most"],
    [
      row("opened: first paint", paints),
      row("joined: first decoded frame of somebody on another node", firstFrames),
    ],
  );
}

const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(0);

const seconds = (ms) => `${(ms / 1_000).toFixed(2)} s`;

function relayRows({ scenario, subjects }) {
  const rows = subjects.map((measured, i) => {
    const { subject, windows } = measured;
    const of = (read) => median(windows.map(read));
    return [
      subject.title ?? systems[subject.system].title,
      String(scenario.rate),
      of(totalCpu).toFixed(0),
      `${of(({ cpu }) => cpu.nodes).toFixed(0)} + ${of(({ cpu }) => cpu.redis).toFixed(0)}`,
      latencies(windows.map(({ latency }) => latency)),
      i === 0 ? "" : ratioText(cpuRatio(subjects[0], measured)),
    ];
  });
  return [[`**${scenario.title}**`, "", "", "", "", ""], ...rows];
}

function receiptLines({ subjects }) {
  return subjects
    .filter(({ subject }) => subject.acks)
    .map(
      ({ windows }) =>
        `Until the ack comes back, across nodes: ${latencies(windows.map(({ receiptLatency }) => receiptLatency))} ms.`,
    );
}

function latencies(windows) {
  return ["p50", "p90", "p99", "max"]
    .map((name) => median(windows.map((at) => at[name])).toFixed(1))
    .join(" / ");
}

function ratioText({ ratio, least, greatest }) {
  return `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`;
}

const kilobytes = (bytes) => `${(bytes / 1_024).toFixed(1)} KB`;

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
