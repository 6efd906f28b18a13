/**
 * The judge, judged: a good history passes, and each way in which one can be broken is objected to by its rule.
 */
import { describe, expect, it } from "vitest";
import { check } from "./checker.js";
import type { Entry, Happening } from "./history.js";

const times = { leaseMs: 2_000 };

type Moment = readonly [at: number, happening: Happening];

/** In the order of their times. */
function history(...moments: readonly Moment[]): Entry[] {
  return moments.toSorted(([a], [b]) => a - b).map(([at, happening]) => ({ at, ...happening }));
}

const verdicts = (...moments: readonly Moment[]) =>
  check(history(...moments), times).map(({ rule, what }) => `${rule}: ${what}`);

const coming = (at: number, user: string, room = "hall"): Moment => [at, { kind: "coming", user, room }];
const entered = (at: number, user: string, session = user, node = 0, room = "hall"): Moment => [
  at,
  { kind: "entered", session, user, room, node },
];
const ended = (at: number, session: string): Moment => [at, { kind: "ended", session, reason: "test" }];
const sent = (at: number, session: string, id: number, target: string): Moment => [
  at,
  { kind: "sent", session, id, target },
];
const answered = (at: number, session: string, id: number, status = 200): Moment => [
  at,
  { kind: "answered", session, id, status },
];
const received = (at: number, session: string, id: number, from: string, target = session): Moment => [
  at,
  { kind: "received", session, id, from, target },
];
const notice = (
  at: number,
  type: "join" | "leave",
  user: string,
  version: number,
  session = "observer",
): Moment => [at, { kind: "notice", session, type, room: "hall", user, version }];
const fault = (from: number, to: number, what: string, node: number): Moment[] => [
  [from, { kind: "fault", phase: "begin", what, node }],
  [to, { kind: "fault", phase: "end", what, node }],
];
const outcome = (
  live: Record<string, string>,
  changes: Partial<Extract<Happening, { kind: "outcome" }>> = {},
): Moment => [
  100_000,
  {
    kind: "outcome",
    room: "hall",
    live,
    roster: Object.keys(live),
    routes: live,
    shown: Object.fromEntries(Object.values(live).map((session) => [session, Object.keys(live)])),
    ...changes,
  },
];

const both: readonly Moment[] = [
  coming(0, "alice"),
  coming(0, "bob"),
  entered(0, "alice"),
  entered(10, "bob", "bob", 1),
];
const rest = outcome({ alice: "alice", bob: "bob" });

describe("a good history", () => {
  it("passes, with messages, departures and a newer connection in it", () => {
    expect(
      verdicts(
        ...both,
        notice(0, "join", "alice", 1),
        notice(10, "join", "bob", 2),
        sent(100, "alice", 1, "bob"),
        received(101, "bob", 1, "alice"),
        answered(102, "alice", 1),
        sent(103, "alice", 2, "bob"),
        received(104, "bob", 2, "alice"),
        answered(105, "alice", 2),
        coming(1_990, "bob"),
        entered(2_000, "bob", "bob-2", 2),
        coming(2_990, "carol"),
        notice(2_000, "join", "bob", 3),
        ended(2_010, "bob"),
        entered(3_000, "carol"),
        notice(3_000, "join", "carol", 4),
        ended(4_000, "carol"),
        notice(4_001, "leave", "carol", 5),
        sent(4_500, "alice", 3, "carol"),
        answered(4_510, "alice", 3, 404),
        outcome({ alice: "alice", bob: "bob-2" }),
      ),
    ).toEqual([]);
  });

  it("may hold what a fault excuses", () => {
    expect(
      verdicts(
        ...both,
        notice(0, "join", "alice", 1),
        notice(10, "join", "bob", 2),
        // Bob's node was frozen for longer than its lease, and came back.
        ...fault(5_000, 9_000, "frozen", 1),
        notice(8_000, "leave", "bob", 3),
        notice(9_100, "join", "bob", 4),
        sent(6_000, "bob", 1, "alice"),
        received(9_100, "alice", 1, "bob"),
        answered(9_101, "bob", 1),
        [7_000, { kind: "unhealthy", node: 1, answer: "timeout" }],
        // Redis was away: what was told is true.
        ...fault(20_000, 24_000, "redis gone", -1),
        sent(21_000, "alice", 2, "bob"),
        answered(22_000, "alice", 2, 503),
        sent(21_100, "alice", 3, "bob"),
        received(21_200, "bob", 3, "alice"),
        answered(25_500, "alice", 3, 504),
        rest,
      ),
    ).toEqual([]);
  });
});

describe("the checker objects to", () => {
  const broken: readonly [verdict: string, moments: readonly Moment[]][] = [
    ["I1: a message that nobody sent", [received(100, "bob", 9, "alice")]],
    [
      "I1: stamped mallory, sent by alice",
      [sent(100, "alice", 1, "bob"), received(101, "bob", 1, "mallory"), answered(102, "alice", 1)],
    ],
    [
      "I1: for bob, received by alice",
      [sent(100, "bob", 1, "bob"), received(101, "alice", 1, "bob", "bob"), answered(102, "bob", 1)],
    ],
    [
      "I1: they never shared a room",
      [
        coming(20, "carol", "red"),
        entered(20, "carol", "carol", 0, "red"),
        sent(100, "carol", 1, "bob"),
        received(101, "bob", 1, "carol"),
        answered(102, "carol", 1),
      ],
    ],
    [
      "I2: received twice",
      [
        sent(100, "alice", 1, "bob"),
        received(101, "bob", 1, "alice"),
        received(102, "bob", 1, "alice"),
        answered(103, "alice", 1),
      ],
    ],
    [
      "I2: overtaken by a later message",
      [
        sent(100, "alice", 1, "bob"),
        sent(101, "alice", 2, "bob"),
        received(102, "bob", 2, "alice"),
        received(103, "bob", 1, "alice"),
        answered(104, "alice", 1),
        answered(105, "alice", 2),
      ],
    ],
    ["I3: never answered", [sent(100, "alice", 1, "bob"), received(101, "bob", 1, "alice")]],
    ["I3: never answered", [sent(100, "alice", 1, "bob"), answered(8_100, "alice", 1, 0)]],
    [
      "I3: answered twice",
      [
        sent(100, "alice", 1, "bob"),
        received(101, "bob", 1, "alice"),
        answered(102, "alice", 1),
        answered(103, "alice", 1, 504),
      ],
    ],
    [
      "I3: told 200 late",
      [sent(100, "alice", 1, "bob"), received(101, "bob", 1, "alice"), answered(7_000, "alice", 1)],
    ],
    ["I3: told 503 late", [sent(100, "alice", 1, "bob"), answered(3_000, "alice", 1, 503)]],
    ["I3: told as delivered, and never received", [sent(100, "alice", 1, "bob"), answered(102, "alice", 1)]],
    [
      "I3: told as 503, and received",
      [sent(100, "alice", 1, "bob"), received(101, "bob", 1, "alice"), answered(102, "alice", 1, 503)],
    ],
    [
      "I3: told as 404, and received",
      [sent(100, "alice", 1, "bob"), received(101, "bob", 1, "alice"), answered(102, "alice", 1, 404)],
    ],
    [
      "I3: told as offline, and was there",
      [sent(50_000, "alice", 1, "bob"), answered(50_001, "alice", 1, 404)],
    ],
    [
      "I4: two changes under one version",
      [notice(0, "join", "alice", 1), notice(10, "join", "bob", 1, "another observer")],
    ],
    [
      "I4: a departure announced twice",
      [
        entered(20, "carol"),
        ended(1_000, "carol"),
        notice(1_001, "leave", "carol", 3),
        notice(1_002, "leave", "carol", 4),
      ],
    ],
    ["I4: a departure of somebody who was there", [notice(5_000, "leave", "bob", 3)]],
    [
      "I4: a departure of somebody who was there",
      [...fault(5_000, 5_300, "frozen", 1), notice(5_500, "leave", "bob", 3)],
    ],
    [
      "I4: a departure of somebody who was there",
      [...fault(5_000, 15_000, "redis gone", -1), notice(15_100, "leave", "bob", 3)],
    ],
    [
      "I4: somebody announced who had not come",
      [notice(10, "join", "bob", 2), notice(9_000, "join", "bob", 3)],
    ],
    [
      "I4: somebody announced who had not come",
      [
        ...fault(5_000, 15_000, "frozen", 1),
        notice(10, "join", "bob", 2),
        // Nobody had been told that he left.
        notice(15_100, "join", "bob", 3),
      ],
    ],
    ["I6: a node ended by itself", [[5_000, { kind: "exited", node: 1, expected: false }]]],
    ["I6: /healthz did not answer", [[5_000, { kind: "unhealthy", node: 1, answer: "timeout" }]]],
    ["I6: more than 250 MB", [[5_000, { kind: "memory", node: 1, megabytes: 300 }]]],
    [
      "I6: neighbours on one node could not reach each other",
      [
        ...fault(4_000, 9_000, "redis gone", -1),
        entered(20, "resident-0-left"),
        entered(21, "resident-0-right"),
        sent(5_000, "resident-0-left", 1, "resident-0-right"),
        answered(6_000, "resident-0-left", 1, 503),
      ],
    ],
  ];

  it.each(broken)("%s", (verdict, moments) => {
    const live: Record<string, string> = { alice: "alice", bob: "bob" };
    for (const [, happening] of moments)
      if (happening.kind === "entered" && happening.room === "hall") live[happening.user] = happening.session;
    for (const [, happening] of moments) if (happening.kind === "ended") delete live[happening.session];
    expect(verdicts(...both, ...moments, outcome(live))).toEqual([verdict]);
  });

  const live = { alice: "alice", bob: "bob" };
  it.each([
    ["I4: the hash is not who is there", outcome(live, { roster: ["alice"] })],
    ["I4: the hash is not who is there", outcome(live, { roster: ["alice", "bob", "ghost"] })],
    ["I4: the routes are not where they are", outcome(live, { routes: { alice: "alice", bob: "older" } })],
    [
      "I4: what bob shows is not who is there",
      outcome(live, { shown: { alice: ["alice", "bob"], bob: ["bob"] } }),
    ],
  ])("%s in the end", (verdict, moment) => {
    expect(verdicts(...both, moment)).toEqual([verdict]);
  });

  it("I4: a cluster that never came to rest", () => {
    expect(verdicts(...both)).toEqual(["I4: the cluster never came to rest"]);
  });

  it("I5: an older connection that stands, and two of one user", () => {
    const newer = entered(5_000, "bob", "bob-2", 2);
    expect(verdicts(...both, newer, rest)).toEqual(["I5: an older connection stands"]);
    expect(verdicts(...both, newer, outcome({ alice: "alice", bob: "bob-2" }))).toEqual([
      "I5: two connections of a user in a room",
    ]);
    expect(verdicts(...both, newer, ended(5_010, "bob"), outcome({ alice: "alice", bob: "bob-2" }))).toEqual(
      [],
    );
  });
});
