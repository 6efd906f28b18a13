/**
 * One round: a cluster, people in meetings, faults from a seed; then everything is healed, the cluster is given
 * time to come to rest, and the history is judged.
 */
import { setTimeout as delay } from "node:timers/promises";
import { checkOutcome } from "./check-outcome.js";
import { check, type Violation } from "./checker.js";
import { faults, runFaults } from "./faults.js";
import { type Entry, type Happening, History } from "./history.js";
import { Meeting, rooms } from "./meeting.js";
import { Random } from "./random.js";
import { leaseMs, Rig } from "./rig.js";
import { Timeline } from "./timeline.js";

const nodes = 3;
/** After the last fault: two leases or 5 s, and as much again for the machine. */
const restMs = 10_000;
const pollMs = 100;

export interface Round {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly entries: readonly Entry[];
  readonly violations: readonly Violation[];
  /** From the end of the last fault until everyone agreed, in milliseconds. */
  readonly restedAfterMs: number;
  /** The nodes' logs. */
  readonly logs: readonly string[];
}

/** @param count - faults in the round; they go on from `from` through the whole list, shuffled by the seed. */
export async function playRound(seed: number, from: number, count: number): Promise<Round> {
  const random = new Random(seed);
  const history = new History();
  const order = random.shuffle(faults);
  const chosen = Array.from({ length: count }, (_, n) => order[(from + n) % order.length]).filter(
    (fault) => fault !== undefined,
  );
  const rig = await Rig.start(history, nodes);
  const everyNode = [...rig.nodes];
  const meeting = new Meeting(rig, history, new Random(seed + 1));
  try {
    let faulting = true;
    const going = meeting.run(() => !faulting);
    // Until they are settled, nodes do not judge each other.
    await delay(leaseMs);
    await runFaults(chosen, rig, history, random);
    faulting = false;
    await going;
    const healedAt = performance.now();
    await untilRest(rig, meeting, history);
    const restedAfterMs = Math.round(performance.now() - healedAt);
    await rig.recordMemory();
    everyNode.push(...rig.nodes.filter((node) => !everyNode.includes(node)));
    return {
      seed,
      faults: chosen.map(({ name }) => name),
      entries: history.entries,
      violations: check(history.entries, { leaseMs }),
      restedAfterMs,
      logs: everyNode.flatMap(({ number, process }) => process.lines.map((line) => `${number} ${line}`)),
    };
  } finally {
    meeting.close();
    await rig.stop();
  }
}

/** Waits until everyone agrees, and writes down the outcome, also if they do not. */
async function untilRest(rig: Rig, meeting: Meeting, history: History): Promise<void> {
  const giveUpAt = performance.now() + restMs;
  for (;;) {
    const outcomes = await observe(rig, meeting);
    const timeline = new Timeline([
      ...history.entries,
      ...outcomes.map((outcome) => ({ at: 0, ...outcome })),
    ]);
    const agreed = meeting.isComplete && !hasUnanswered(timeline) && checkOutcome(timeline).length === 0;
    if (agreed || performance.now() > giveUpAt) {
      for (const outcome of outcomes) history.add(outcome);
      return;
    }
    await delay(pollMs);
  }
}

/** Whether somebody still waits for what became of a message. */
function hasUnanswered(timeline: Timeline): boolean {
  const answered = new Set(timeline.all("answered").map(({ id }) => id));
  return timeline
    .all("sent")
    .some(
      ({ id, session }) =>
        !answered.has(id) && timeline.sessions.get(session)?.endedAt === Number.POSITIVE_INFINITY,
    );
}

async function observe(rig: Rig, meeting: Meeting): Promise<Happening[]> {
  return Promise.all(
    rooms.map(async (room): Promise<Happening> => {
      const members = meeting.standing.filter((connection) => connection.rooms.has(room));
      const roster = (await rig.redis.command("HKEYS", `meeting-room::${room}`)) as string[];
      const routes = pairs(await rig.redis.command("HGETALL", `meeting-route::{meeting-room::${room}}`));
      return {
        kind: "outcome",
        room,
        live: Object.fromEntries(members.map(({ user, session }) => [user, session])),
        roster: roster.toSorted(),
        routes: Object.fromEntries(
          routes.map(([user, address]) => [user, address.slice(address.indexOf("/") + 1)]),
        ),
        shown: Object.fromEntries(
          members.map((connection) => [connection.session, connection.shown(room) ?? ["(asking)"]]),
        ),
      };
    }),
  );
}

function pairs(reply: unknown): [string, string][] {
  const flat = reply as string[];
  return Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n] ?? "", flat[2 * n + 1] ?? ""]);
}
