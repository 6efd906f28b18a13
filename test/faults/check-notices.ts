/**
 * What is announced about a room's members: each change under a version of its own, each departure once, and
 * nothing that did not happen (I4).
 */
import type { RoundTimes, Violation } from "./checker.js";
import type { EntryOf, Timeline } from "./timeline.js";

/** Between something happening and everyone having been told, when nothing fails. */
const tellingMs = 2_000;
/** Between asking for a room and being announced in it, when Redis stalls meanwhile. */
const comingMs = 6_000;

/** Faults after which Redis knows nothing of what was before. */
const emptying: ReadonlySet<string> = new Set(["FLUSHALL", "redis gone"]);
/** How long ago that may have been. */
const forgottenMs = 8_000;

type Notice = EntryOf<"notice">;

export function checkNotices(timeline: Timeline, times: RoundTimes): Violation[] {
  const violations: Violation[] = [];
  const announced = new Map<string, Notice>();
  for (const notice of timeline.all("notice")) {
    const key = `${notice.room} ${notice.version}`;
    const other = announced.get(key);
    if (other === undefined) announced.set(key, notice);
    else if (other.type !== notice.type || other.user !== notice.user)
      violations.push({
        rule: "I4",
        what: "two changes under one version",
        evidence: [other, notice],
      });
  }
  const byUser = new Map<string, Notice[]>();
  for (const notice of announced.values()) {
    const key = `${notice.room} ${notice.user}`;
    byUser.set(key, [...(byUser.get(key) ?? []), notice]);
  }
  for (const notices of byUser.values()) {
    notices.sort((a, b) => a.version - b.version);
    for (const [index, notice] of notices.entries()) {
      const before = notices[index - 1];
      if (notice.type === "leave") violations.push(...checkLeave(timeline, times, before, notice));
      else violations.push(...checkJoin(timeline, times, before, notice));
    }
  }
  return violations;
}

function checkLeave(
  timeline: Timeline,
  times: RoundTimes,
  before: Notice | undefined,
  notice: Notice,
): Violation[] {
  const objection = (what: string): Violation[] => [
    { rule: "I4", what, evidence: before === undefined ? [notice] : [before, notice] },
  ];
  if (before?.type === "leave" && !areTwo(timeline, times, before, notice))
    return objection("a departure announced twice");
  const left = timeline.sessionsOf(notice.user).some(
    ({ endedAt, left, node }) =>
      endedAt <= notice.at ||
      left.some(({ room, at }) => room === notice.room && at <= notice.at + tellingMs) ||
      // Its node could be taken for dead.
      wasOutOfTouch(timeline, times, node, notice.at),
  );
  return left ? [] : objection("a departure of somebody who was there");
}

/**
 * Whether these are the departures of two connections. Commonly only that of the later is told; but not when Redis
 * was emptied in between, or when the earlier could not be told for as long as its node was out of touch.
 */
function areTwo(timeline: Timeline, times: RoundTimes, before: Notice, notice: Notice): boolean {
  const emptied = timeline.faults.some(
    ({ what, from, to }) => emptying.has(what) && from < notice.at && to > before.at - forgottenMs,
  );
  const ended = timeline
    .sessionsOf(notice.user)
    .filter(({ endedAt }) => endedAt <= notice.at && endedAt > before.at - forgottenMs);
  const late = ended.some(({ node }) => wasOutOfTouch(timeline, times, node, notice.at));
  return (emptied || late) && ended.length > 1;
}

function checkJoin(
  timeline: Timeline,
  times: RoundTimes,
  before: Notice | undefined,
  notice: Notice,
): Violation[] {
  const came = timeline
    .all("coming")
    .some(
      ({ user, room, at }) =>
        user === notice.user && room === notice.room && at <= notice.at && at >= notice.at - comingMs,
    );
  const mayReturn = timeline
    .sessionsOf(notice.user)
    .some(({ node }) => wasOutOfTouch(timeline, times, node, notice.at));
  if (came || (mayReturn && before?.type !== "join")) return [];
  return [
    {
      rule: "I4",
      what: "somebody announced who had not come",
      evidence: before === undefined ? [notice] : [before, notice],
    },
  ];
}

/** Whether the node could not renew its lease for so long, about then, that others may have taken it for dead. */
function wasOutOfTouch(timeline: Timeline, { leaseMs }: RoundTimes, node: number, at: number): boolean {
  return timeline.faults.some(
    (fault) =>
      fault.node === node &&
      fault.from <= at &&
      (fault.what === "killed" || Math.min(fault.to, at) - fault.from >= leaseMs / 2),
  );
}
