/**
 * One round: two nodes on a Redis, a healthy call on both, and attackers on the first. The call goes on for a while in
 * quiet, so that there is something to compare with.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { secret, tokenOf } from "../contract/bad-input/tokens.js";
import { Random } from "../faults/random.js";
import { eventually } from "../harness/eventually.js";
import { type SignalerProcess, startProcess } from "../harness/process.js";
import { redisForTest } from "../harness/redis-server.js";
import { Attacker, attackerPrefix } from "./attacker.js";
import { Garbage, makePools } from "./garbage.js";
import { HealthyCall, type Seat } from "./healthy-call.js";
import { lives } from "./lives.js";

const roomId = "call";
const elsewhere = "elsewhere";
const attackersOfAKind = 2;
const settleMs = 1_000;
const mostMegabytes = 400;

/** How the nodes are set. */
export const settings = {
  "without limits": {
    SIGNALER_MESSAGE_RATE: "0",
    SIGNALER_CONNECTIONS_PER_USER: "0",
    SIGNALER_FAILED_HANDSHAKES: "0",
  },
  "with tokens, and the limits by default": { SIGNALER_JWT_SECRET: secret },
} as const;

export interface RoundOptions {
  readonly seed: number;
  readonly setting: keyof typeof settings;
  readonly quietMs: number;
  readonly attackMs: number;
}

export interface Round {
  readonly violations: readonly string[];
  /** Of the call's acks, in milliseconds. */
  readonly quiet: Latency;
  readonly attacked: Latency;
  readonly called: number;
  readonly garbage: number;
  readonly lives: number;
  /** How often attackers were told what. */
  readonly told: Readonly<Record<string, number>>;
  readonly megabytes: number;
  /** What the attackers did last. */
  readonly traces: Readonly<Record<string, readonly string[]>>;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export async function playRound({ seed, setting, quietMs, attackMs }: RoundOptions): Promise<Round> {
  const redis = await redisForTest();
  const start = () => startProcess([], { REDIS_URL: redis.url, ...settings[setting] });
  const nodes = [await start(), await start()] as const;
  const [attacked, other] = nodes;
  const asksForTokens = "SIGNALER_JWT_SECRET" in settings[setting];
  const admission = async (userId: string) => ({
    userId,
    ...(asksForTokens && { token: await tokenOf(userId) }),
  });
  const seatOf = async (userId: string, node: SignalerProcess): Promise<Seat> => ({
    userId,
    url: node.url,
    query: { roomId, ...(await admission(userId)) },
  });
  const call = await HealthyCall.start([
    await seatOf("anna", attacked),
    await seatOf("ben", attacked),
    await seatOf("carl", other),
  ]);
  const calling = call.run();
  await delay(settleMs);
  call.takeLatencies();
  await delay(quietMs);
  const quiet = latencyOf(call.takeLatencies());

  let isOver = false;
  const kinds = Object.entries(lives).flatMap(([kind, life]) =>
    Array.from({ length: attackersOfAKind }, (_, n) => ({ name: `${attackerPrefix}${kind}-${n}`, life })),
  );
  const names = kinds.map(({ name }) => name);
  const pools = makePools(seed, ["anna", "ben", "carl", ...names, roomId, elsewhere]);
  const attackers = await Promise.all(
    kinds.map(async ({ name, life }, n) => {
      const random = new Random(seed * 100 + n);
      const identity = await admission(name);
      const query = () => ({ roomId: random.chance(0.8) ? roomId : elsewhere, ...identity });
      const garbage = new Garbage(random, pools);
      return new Attacker(name, life, { url: attacked.url, random, garbage, query, isOver: () => isOver });
    }),
  );
  const attacking = Promise.all(attackers.map((attacker) => attacker.run()));
  await delay(attackMs);
  const underAttack = latencyOf(call.takeLatencies());
  isOver = true;
  await attacking;
  await delay(settleMs);
  call.end();
  await calling;

  const violations = [...(await healthViolations(nodes)), ...(await newcomerViolations(nodes, admission))];
  call.close();
  const megabytes = Math.max(...(await Promise.all(nodes.map(residentMegabytes))));
  if (megabytes > mostMegabytes) violations.push(`a node has come to ${megabytes} MB`);
  return {
    violations: [...call.violations, ...violations],
    quiet,
    attacked: underAttack,
    called: call.sent,
    garbage: attackers.reduce((sum, { sent }) => sum + sent, 0),
    lives: attackers.reduce((sum, attacker) => sum + attacker.lives, 0),
    told: await toldBy(attacked).catch(() => ({})),
    megabytes,
    traces: Object.fromEntries(attackers.map(({ name, trace }) => [name, trace])),
  };
}

/** No node has ended, or met with what it did not expect. */
async function healthViolations(nodes: readonly SignalerProcess[]): Promise<string[]> {
  const violations: string[] = [];
  for (const { url, lines, complaints } of nodes) {
    const answer = await fetch(`${url}/healthz`).catch((error: unknown) => ({ status: String(error) }));
    if (answer.status !== 200) violations.push(`/healthz: ${answer.status}`);
    violations.push(...lines.filter((line) => JSON.parse(line).level === "error"), ...complaints);
  }
  return violations;
}

/** Somebody new on either node can be called. */
async function newcomerViolations(
  nodes: readonly SignalerProcess[],
  admission: (userId: string) => Promise<Record<string, string>>,
): Promise<string[]> {
  const seats = nodes.map(async ({ url }, n) => ({
    userId: `newcomer-${n}`,
    url,
    query: { roomId: "new", ...(await admission(`newcomer-${n}`)) },
  }));
  try {
    const call = await HealthyCall.start(await Promise.all(seats));
    const calling = call.run();
    await eventually(() => {
      if (call.sent < 4) throw new Error("they do not call");
    });
    call.end();
    await calling;
    call.close();
    return call.violations.map((violation) => `newcomers: ${violation}`);
  } catch (error) {
    return [`newcomers: ${error}`];
  }
}

async function toldBy({ url }: SignalerProcess): Promise<Record<string, number>> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const counts = page.matchAll(/^signaler_rejections_total\{code="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...counts].map(([, code = "", count]) => [code, Number(count)]));
}

async function residentMegabytes({ pid }: SignalerProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Math.round(Number(status.match(/VmRSS:\s+(\d+) kB/)?.[1] ?? 0) / 1_024);
}

function latencyOf(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
