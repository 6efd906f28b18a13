/**
 * Whatever happens to Redis, no node ends, grows without bound or keeps neighbours from each other (I6).
 */
import type { Violation } from "./checker.js";
import type { Timeline } from "./timeline.js";

const mostMegabytes = 250;
/** Residents stay on their node to the end; users of one node are called so. */
export const residentPrefix = "resident-";

export function checkSurvival(timeline: Timeline): Violation[] {
  const violations: Violation[] = [];
  const object = (what: string, ...evidence: Violation["evidence"]) =>
    void violations.push({ rule: "I6", what, evidence });

  for (const exited of timeline.all("exited")) if (!exited.expected) object("a node ended by itself", exited);
  for (const unhealthy of timeline.all("unhealthy"))
    if (
      timeline
        .faultsOf(unhealthy.node, unhealthy.at - 3_000, unhealthy.at)
        .every(({ what }) => what !== "frozen" && what !== "killed")
    )
      object("/healthz did not answer", unhealthy);
  for (const memory of timeline.all("memory"))
    if (memory.megabytes > mostMegabytes) object(`more than ${mostMegabytes} MB`, memory);

  const sent = new Map(timeline.all("sent").map((entry) => [entry.id, entry]));
  for (const answer of timeline.all("answered")) {
    const message = sent.get(answer.id);
    const sender = timeline.sessions.get(answer.session);
    if (message === undefined || sender === undefined || answer.status === 200) continue;
    // Residents share a room, whatever comes.
    if (!sender.user.startsWith(residentPrefix) || !message.target.startsWith(residentPrefix)) continue;
    const neighbour = timeline
      .sessionsOf(message.target)
      .find(
        ({ node, startedAt, endedAt }) =>
          node === sender.node && startedAt < message.at && endedAt > answer.at + 1_000,
      );
    const silenced = timeline
      .faultsOf(sender.node, message.at - 1_000, answer.at)
      .some(({ what }) => what === "frozen" || what === "killed");
    if (neighbour !== undefined && sender.endedAt > answer.at + 1_000 && !silenced)
      object("neighbours on one node could not reach each other", message, answer);
  }
  return violations;
}
