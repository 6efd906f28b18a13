/**
 * Judges a history by the rules I1 to I6, and knows nothing but the history. Whatever it objects to comes with
 * the entries that it objects to.
 */
import { checkDelivery } from "./check-delivery.js";
import { checkNotices } from "./check-notices.js";
import { checkOutcome } from "./check-outcome.js";
import { checkSurvival } from "./check-survival.js";
import type { Entry } from "./history.js";
import { Timeline } from "./timeline.js";

export interface Violation {
  readonly rule: "I1" | "I2" | "I3" | "I4" | "I5" | "I6";
  readonly what: string;
  readonly evidence: readonly Entry[];
}

export interface RoundTimes {
  /** Length of a node's lease, in milliseconds. */
  readonly leaseMs: number;
}

export function check(entries: readonly Entry[], times: RoundTimes): Violation[] {
  const timeline = new Timeline(entries);
  return [
    ...checkDelivery(timeline),
    ...checkNotices(timeline, times),
    ...checkOutcome(timeline),
    ...checkSurvival(timeline),
  ];
}

export function describeViolations(violations: readonly Violation[]): string {
  return violations
    .map(({ rule, what, evidence }) =>
      [`${rule}: ${what}`, ...evidence.map((entry) => `    ${JSON.stringify(entry)}`)].join("\n"),
    )
    .join("\n");
}
