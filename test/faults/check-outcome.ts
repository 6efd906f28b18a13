/**
 * In the end everyone agrees on who is where (I4), and of several connections of a user the newest stands (I5).
 */
import type { Violation } from "./checker.js";
import type { EntryOf, SessionStory, Timeline } from "./timeline.js";

/** Connections made closer together than this may have come in in either order. */
const simultaneousMs = 1_500;

export function checkOutcome(timeline: Timeline): Violation[] {
  const outcomes = timeline.all("outcome");
  if (outcomes.length === 0)
    return [{ rule: "I4", what: "the cluster never came to rest", evidence: timeline.entries.slice(-10) }];
  return outcomes.flatMap((outcome) => [...checkAgreement(outcome), ...checkNewest(timeline, outcome)]);
}

function checkAgreement(outcome: EntryOf<"outcome">): Violation[] {
  const users = Object.keys(outcome.live).toSorted();
  const objection = (what: string): Violation => ({ rule: "I4", what, evidence: [outcome] });
  const violations: Violation[] = [];
  if (!isSame(users, outcome.roster)) violations.push(objection("the hash is not who is there"));
  if (!isSame(describe(outcome.live), describe(outcome.routes)))
    violations.push(objection("the routes are not where they are"));
  for (const [session, shown] of Object.entries(outcome.shown))
    if (!isSame(users, shown)) violations.push(objection(`what ${session} shows is not who is there`));
  return violations;
}

function checkNewest(timeline: Timeline, outcome: EntryOf<"outcome">): Violation[] {
  return Object.entries(outcome.live).flatMap(([user, session]): Violation[] => {
    const inRoom = (story: SessionStory) =>
      story.entered.find(({ room }) => room === outcome.room)?.at ?? Number.NEGATIVE_INFINITY;
    const stories = timeline.sessionsOf(user).filter((story) => story.endedAt === Number.POSITIVE_INFINITY);
    const standing = timeline.sessions.get(session);
    if (standing === undefined) return [];
    const newer = stories.find((story) => inRoom(story) > inRoom(standing) + simultaneousMs);
    const older = stories.find(
      (story) =>
        story !== standing && inRoom(story) > Number.NEGATIVE_INFINITY && !hasLeft(story, outcome.room),
    );
    if (newer !== undefined)
      return [{ rule: "I5", what: "an older connection stands", evidence: [outcome, ...newer.entered] }];
    if (older !== undefined)
      return [
        { rule: "I5", what: "two connections of a user in a room", evidence: [outcome, ...older.entered] },
      ];
    return [];
  });
}

function hasLeft({ entered, left }: SessionStory, inQuestion: string): boolean {
  const last = (entries: readonly { readonly room: string; readonly at: number }[]) =>
    entries.findLast(({ room }) => room === inQuestion)?.at ?? Number.NEGATIVE_INFINITY;
  return last(left) > last(entered);
}

const describe = (sessions: Readonly<Record<string, string>>) =>
  Object.entries(sessions).map(([user, session]) => `${user} ${session}`);

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted());
}
