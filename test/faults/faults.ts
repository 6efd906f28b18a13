/**
 * Everything that is done to a cluster, and a schedule of it from a seed.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Direction } from "../harness/tcp-proxy.js";
import type { History } from "./history.js";
import type { Random } from "./random.js";
import type { Rig, RigNode } from "./rig.js";

/** In the history, Redis is this node. */
const redisNode = -1;

interface Fault {
  readonly name: string;
  readonly on: "redis" | "node" | "link";
  run(rig: Rig, history: History, random: Random): Promise<void>;
}

/** Something that begins, lasts and ends, and is written down so. */
async function during(
  history: History,
  what: string,
  node: number,
  ms: number,
  begin: () => unknown,
  end: () => unknown,
): Promise<void> {
  history.add({ kind: "fault", phase: "begin", what, node });
  await begin();
  await delay(ms);
  await end();
  history.add({ kind: "fault", phase: "end", what, node });
}

const onLink = (
  name: string,
  least: number,
  greatest: number,
  begin: (node: RigNode, random: Random) => void,
): Fault => ({
  name,
  on: "link",
  run(rig, history, random) {
    const node = random.pick(rig.nodes);
    const ms = random.between(least, greatest);
    return during(
      history,
      name,
      node.number,
      ms,
      () => begin(node, random),
      () => node.link.heal(),
    );
  },
});

const onRedis = (name: string, ...command: string[]): Fault => ({
  name,
  on: "redis",
  run: (rig, history) =>
    during(
      history,
      name,
      redisNode,
      0,
      () => rig.redis.command(...command),
      () => {},
    ),
});

const directions: readonly Direction[] = ["toServer", "toClient", "both"];

const frozen = (name: string, least: number, greatest: number): Fault => ({
  name,
  on: "node",
  run(rig, history, random) {
    const { number, process } = random.pick(rig.nodes);
    return during(
      history,
      "frozen",
      number,
      random.between(least, greatest),
      () => process.kill("SIGSTOP"),
      () => process.kill("SIGCONT"),
    );
  },
});

const redisFrozen = (name: string, least: number, greatest: number): Fault => ({
  name,
  on: "redis",
  run: (rig, history, random) =>
    during(
      history,
      "redis frozen",
      redisNode,
      random.between(least, greatest),
      () => rig.redis.signal("SIGSTOP"),
      () => rig.redis.signal("SIGCONT"),
    ),
});

/** Lease: 2 s. What lasts longer makes others believe that a node is dead. */
export const faults: readonly Fault[] = [
  {
    name: "a node killed",
    on: "node",
    async run(rig, history, random) {
      const node = random.pick(rig.nodes);
      history.add({ kind: "fault", phase: "begin", what: "killed", node: node.number });
      await rig.killNode(node);
      await delay(random.between(100, 3_000));
      await rig.addNode();
    },
  },
  frozen("a node frozen for a moment", 300, 1_200),
  frozen("a node frozen for longer than its lease", 3_000, 5_000),
  redisFrozen("Redis frozen for a moment", 300, 1_500),
  redisFrozen("Redis frozen for longer than leases", 2_200, 4_000),
  {
    name: "Redis paused",
    on: "redis",
    run(rig, history, random) {
      const ms = random.between(300, 4_000);
      const pause = () => rig.redis.command("CLIENT", "PAUSE", String(ms), "ALL");
      return during(history, "redis paused", redisNode, ms, pause, () => {});
    },
  },
  {
    name: "Redis killed, and started empty",
    on: "redis",
    run: (rig, history, random) =>
      during(
        history,
        "redis gone",
        redisNode,
        random.between(100, 4_000),
        () => rig.redis.stop(),
        () => rig.startRedis(),
      ),
  },
  onRedis("FLUSHALL", "FLUSHALL"),
  onRedis("SCRIPT FLUSH", "SCRIPT", "FLUSH"),
  onRedis("subscriptions killed", "CLIENT", "KILL", "TYPE", "pubsub"),
  onRedis("commands killed", "CLIENT", "KILL", "TYPE", "normal"),
  onLink("link cut for a moment", 50, 400, ({ link }) => link.cut()),
  onLink("link cut for longer than a lease", 3_000, 5_000, ({ link }) => link.cut()),
  onLink("link reset", 0, 0, ({ link }) => link.reset()),
  onLink("link slow", 1_000, 3_000, ({ link }, random) => link.delay(random.between(20, 200))),
  onLink("link swallows for a moment", 200, 900, ({ link }, random) => link.swallow(random.pick(directions))),
  onLink("link swallows", 3_000, 6_000, ({ link }, random) => link.swallow(random.pick(directions))),
  onLink("subscription deaf", 4_000, 6_000, ({ link }) => link.deafen()),
  onLink("subscription silent", 3_000, 5_000, ({ link }) => link.swallow("toClient", "psubscribe")),
  onLink("link stalls for a moment", 200, 900, ({ link }, random) => link.stall(random.pick(directions))),
  onLink("link stalls", 3_000, 6_000, ({ link }, random) => link.stall(random.pick(directions))),
];

/** Runs these faults one after another, at times two at once, with pauses in which some things mend and some do not. */
export async function runFaults(
  chosen: readonly Fault[],
  rig: Rig,
  history: History,
  random: Random,
): Promise<void> {
  for (let i = 0; i < chosen.length; i += 1) {
    await delay(random.between(200, 2_500));
    const together = [chosen[i]];
    // Two at once, if they are not on the same thing.
    if (chosen[i + 1]?.on !== chosen[i]?.on && random.chance(0.25)) {
      i += 1;
      together.push(chosen[i]);
    }
    await Promise.all(together.map((fault) => fault?.run(rig, history, random)));
  }
}
