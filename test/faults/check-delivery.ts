/**
 * Messages from one person to another: stamped with their sender (I1), in order (I2), and answered for (I3).
 */
import type { Violation } from "./checker.js";
import type { EntryOf, SessionStory, Timeline } from "./timeline.js";

/** Told within 5 s [P-44]; the rest is the machine's. */
const answerMs = 5_000 + 1_500;
/** Whoever cannot be served is told within a second; the rest is the machine's. */
const refusalMs = 1_000 + 1_500;
/** A message that is under way when its target's connection ends may be lost with it. */
const underWayMs = 1_000;
/** After a fault rosters are whole again within this. */
const calmMs = 6_000;

export function checkDelivery(timeline: Timeline): Violation[] {
  const sent = new Map(timeline.all("sent").map((entry) => [entry.id, entry]));
  const answers = groupById(timeline.all("answered"));
  const receipts = groupById(timeline.all("received"));
  return [
    ...timeline
      .all("received")
      .flatMap((received) => checkIdentity(timeline, received, sent.get(received.id))),
    ...checkOrder(timeline, sent),
    ...[...sent.values()].flatMap((entry) =>
      checkAnswer(timeline, entry, answers.get(entry.id) ?? [], receipts.get(entry.id) ?? []),
    ),
  ];
}

function checkIdentity(
  timeline: Timeline,
  received: EntryOf<"received">,
  sent: EntryOf<"sent"> | undefined,
): Violation[] {
  const objection = (what: string): Violation[] => [
    { rule: "I1", what, evidence: sent === undefined ? [received] : [sent, received] },
  ];
  if (sent === undefined) return objection("a message that nobody sent");
  const sender = timeline.sessions.get(sent.session);
  const target = timeline.sessions.get(received.session);
  if (sender === undefined || target === undefined) return objection("sender or target was never let in");
  if (received.from !== sender.user) return objection(`stamped ${received.from}, sent by ${sender.user}`);
  if (target.user !== sent.target) return objection(`for ${sent.target}, received by ${target.user}`);
  const rooms = roomsOf(timeline, sender.user);
  if (![...roomsOf(timeline, target.user)].some((room) => rooms.has(room)))
    return objection("they never shared a room");
  return [];
}

/** The rooms that a user ever asked for: one may be in before one is told so, or without ever being told. */
function roomsOf(timeline: Timeline, user: string): Set<string> {
  return new Set(
    timeline
      .all("coming")
      .filter((coming) => coming.user === user)
      .map(({ room }) => room),
  );
}

function checkOrder(timeline: Timeline, sent: ReadonlyMap<number, EntryOf<"sent">>): Violation[] {
  const violations: Violation[] = [];
  const last = new Map<string, EntryOf<"received">>();
  for (const received of timeline.all("received")) {
    const path = `${sent.get(received.id)?.session} ${received.session}`;
    const before = last.get(path);
    if (before !== undefined && before.id >= received.id)
      violations.push({
        rule: "I2",
        what: before.id === received.id ? "received twice" : "overtaken by a later message",
        evidence: [before, received],
      });
    last.set(path, received);
  }
  return violations;
}

function checkAnswer(
  timeline: Timeline,
  sent: EntryOf<"sent">,
  answers: readonly EntryOf<"answered">[],
  receipts: readonly EntryOf<"received">[],
): Violation[] {
  const sender = timeline.sessions.get(sent.session);
  if (sender === undefined) return [];
  const [answer, second] = answers;
  const objection = (what: string): Violation[] => [
    { rule: "I3", what, evidence: [sent, ...answers, ...receipts, ...fates(timeline, sent)] },
  ];
  if (second !== undefined) return objection("answered twice");
  const silenced =
    sender.endedAt <= sent.at + answerMs ||
    timeline.faultsOf(sender.node, sent.at, sent.at + answerMs).some(({ what }) => what === "frozen");
  if (answer === undefined || answer.status === 0) return silenced ? [] : objection("never answered");
  const patienceMs = answer.status === 503 ? refusalMs : answerMs;
  if (answer.at - sent.at > patienceMs && !silenced) return objection(`told ${answer.status} late`);
  if (answer.status === 200 && receipts.length === 0 && !mayHaveMissed(timeline, sent, answer))
    return objection("told as delivered, and never received");
  if (answer.status === 404 && isSurelyThere(timeline, sent, answer.at))
    return objection("told as offline, and was there");
  if ((answer.status === 404 || answer.status === 503) && receipts.length > 0)
    return objection(`told as ${answer.status}, and received`);
  return [];
}

/** Whether a connection of the target ended when the message was handed to it, and its node could not know yet. */
function mayHaveMissed(timeline: Timeline, sent: EntryOf<"sent">, answer: EntryOf<"answered">): boolean {
  return timeline.sessionsOf(sent.target).some(({ endedAt, node }) => {
    if (endedAt > answer.at + underWayMs) return false;
    const frozen = timeline.faultsOf(node, endedAt, answer.at).find(({ what }) => what === "frozen");
    return endedAt >= sent.at - underWayMs || (frozen !== undefined && frozen.to > sent.at - underWayMs);
  });
}

/** Whether the target shared a room with the sender for a while before and after, and nothing failed meanwhile. */
function isSurelyThere(timeline: Timeline, sent: EntryOf<"sent">, answeredAt: number): boolean {
  const from = sent.at - calmMs;
  const to = answeredAt + underWayMs;
  if (timeline.faults.some((fault) => fault.from <= to && fault.to >= from)) return false;
  const sharedBy = ({ entered, left, endedAt }: SessionStory) =>
    endedAt > to && left.length === 0 ? entered.filter(({ at }) => at < from).map(({ room }) => room) : [];
  const sender = timeline.sessions.get(sent.session);
  const rooms = new Set(sender === undefined ? [] : sharedBy(sender));
  return timeline.sessionsOf(sent.target).some((story) => sharedBy(story).some((room) => rooms.has(room)));
}

/** The connections of the target about then. */
function fates(timeline: Timeline, sent: EntryOf<"sent">): EntryOf<"entered">[] {
  return timeline
    .sessionsOf(sent.target)
    .filter(({ startedAt, endedAt }) => startedAt < sent.at + answerMs && endedAt > sent.at - answerMs)
    .flatMap(({ entered }) => entered.slice(0, 1));
}

function groupById<E extends { readonly id: number }>(entries: readonly E[]): Map<number, E[]> {
  const groups = new Map<number, E[]>();
  for (const entry of entries) {
    const group = groups.get(entry.id);
    if (group === undefined) groups.set(entry.id, [entry]);
    else group.push(entry);
  }
  return groups;
}
