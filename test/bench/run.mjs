/**
 * `npm run bench`: what relaying costs in CPU and time, what an idle connection and a start cost, beside
 * servers written for comparison, and how long people wait for the meeting page. Prints Markdown; starts and stops everything it needs but the programs.
 *
 *   --repeats N    windows per subject                          [6]
 *   --seconds S    length of a window                           [2]
 *   --rate N       messages per second and node when calm       [250]
 *   --only ID      only this: a scenario's id, `idle-memory`, `start-time`, `node-death`, `redis-return`, `fault-losses`,
 *                  `outage-latency`, `flood`, `stalled-readers`, `half-open` or `meeting-page`; may be given more than once
 *   --quick        a look in under a minute and a half, too short to quote
 */
import { parseArgs } from "node:util";
import { faults, measureFaultLosses } from "./fault-losses.mjs";
import { measureIdleMemory } from "./idle-memory.mjs";
import { measureMeetingPage } from "./meeting-page.mjs";
import { measureNodeDeath } from "./node-death.mjs";
import { measureOutageLatency } from "./outage-latency.mjs";
import { fail } from "./processes.mjs";
import { measureRedisReturn } from "./redis-return.mjs";
import { measureRelayCost } from "./relay-cost.mjs";
import { render } from "./report.mjs";
import { listScenarios } from "./scenarios.mjs";
import { measureStartTime } from "./start-time.mjs";
import { attacks, measureAttack } from "./under-attack.mjs";

const busyRate = 3_000;

const { values: options } = parseArgs({
  options: {
    repeats: { type: "string" },
    seconds: { type: "string" },
    rate: { type: "string", default: "250" },
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
  },
});

const length = options.quick
  ? {
      repeats: 1,
      generations: 1,
      seconds: 1.5,
      warmUpPerNode: 1_000,
      connections: 1_000,
      starts: 1,
      faultRuns: 1,
      members: 200,
      outage: 10,
      attack: 5,
      paints: 3,
      joins: 3,
    }
  : {
      repeats: 6,
      generations: 2,
      seconds: 2,
      warmUpPerNode: 6_000,
      connections: 2_000,
      starts: 5,
      faultRuns: 3,
      members: 1_000,
      outage: 60,
      attack: 15,
      paints: 20,
      joins: 20,
    };
const repeats = Number(options.repeats ?? length.repeats);
const seconds = Number(options.seconds ?? length.seconds);

const scenarios = listScenarios({ calm: Number(options.rate), busy: busyRate });
const names = [
  ...scenarios.map(({ id }) => id),
  "idle-memory",
  "start-time",
  "node-death",
  "redis-return",
  "fault-losses",
  "outage-latency",
  ...attacks.map(({ id }) => id),
  "meeting-page",
];
const stranger = options.only?.find((name) => !names.includes(name));
if (stranger !== undefined) fail(`--only ${stranger}: there is ${names.join(", ")}`);
const isWanted = (name) => options.only?.includes(name) ?? true;
const wanted = scenarios.filter(({ id }) => isWanted(id));

const onProgress = (what) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
};

try {
  const relayCost = await measureRelayCost(wanted, { ...length, repeats, seconds, onProgress });
  const idleMemory = isWanted("idle-memory") ? await measureIdleMemory(length.connections, onProgress) : [];
  const startTime = isWanted("start-time") ? await measureStartTime(length.starts, onProgress) : [];
  const run = { repeats: length.faultRuns, members: length.members };
  const nodeDeath = isWanted("node-death") ? await measureNodeDeath(run, onProgress) : [];
  const redisReturn = isWanted("redis-return") ? await measureRedisReturn(run, onProgress) : [];
  const faultLosses = isWanted("fault-losses") ? await measureFaultLosses(faults, onProgress) : [];
  const { warmUpPerNode } = length;
  const outage = { rate: Number(options.rate), seconds: length.outage, warmUpPerNode };
  const outageLatency = isWanted("outage-latency")
    ? await measureOutageLatency(outage, onProgress)
    : undefined;
  const attack = {
    repeats: length.faultRuns,
    rate: Number(options.rate),
    seconds: length.attack,
    warmUpPerNode,
  };
  const underAttack = [];
  for (const wantedAttack of attacks.filter(({ id }) => isWanted(id)))
    underAttack.push(await measureAttack(wantedAttack, attack, onProgress));
  const meetingPage = isWanted("meeting-page") ? await measureMeetingPage(length, onProgress) : undefined;
  onProgress("");
  const underFaults = { nodeDeath, redisReturn, faultLosses, outageLatency };
  const typed = process.argv.slice(2);
  const command = ["npm run bench", ...(typed.length > 0 ? ["--", ...typed] : [])].join(" ");
  const { connections } = length;
  console.log(
    render({
      command,
      repeats,
      seconds,
      relayCost,
      idleMemory,
      startTime,
      underFaults,
      underAttack,
      meetingPage,
      connections,
    }),
  );
  process.exit(0);
} catch (error) {
  onProgress("");
  fail(error.stack);
}
