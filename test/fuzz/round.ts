/**
 * One round: two nodes on a Redis, and a healthy call on both. The call goes on in quiet; then while attackers are at a
 * node that is none of its own, which costs the machine as much; then while they are at the first of its own.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../harness/eventually.js";
import { type SignalerProcess, startProcess } from "../harness/process.js";
import { redisForTest } from "../harness/redis-server.js";
import { jwtSecret, tokenOf } from "../harness/tokens.js";
import { Attack, attackerNames } from "./attack.js";
import { makePools } from "./garbage.js";
import { HealthyCall, type Seat } from "./healthy-call.js";

const people = ["anna", "ben", "carl"] as const;
const roomIds = ["call", "elsewhere"] as const;
const settleMs = 1_000;
const mostMegabytes = 400;

/** How the nodes are set. */
export const settings = {
  "without limits": {
    SIGNALER_MESSAGE_RATE: "0",
    SIGNALER_CONNECTIONS_PER_USER: "0",
    SIGNALER_FAILED_HANDSHAKES: "0",
  },
  "with tokens, and the limits by default": { SIGNALER_JWT_SECRET: jwtSecret },
} as const;

export interface RoundOptions {
  readonly seed: number;
  readonly setting: keyof typeof settings;
  /** Of each of the phases to compare with. */
  readonly compareMs: number;
  readonly attackMs: number;
}

export interface Round {
  readonly violations: readonly string[];
  /** Of the call's acks: in quiet, with the attackers elsewhere, and with the attackers here. */
  readonly quiet: Latency;
  readonly compared: Latency;
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

/** In milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export async function playRound({ seed, setting, compareMs, attackMs }: RoundOptions): Promise<Round> {
  const asksForTokens = "SIGNALER_JWT_SECRET" in settings[setting];
  const admission = async (userId: string) => ({
    userId,
    ...(asksForTokens && { token: await tokenOf(userId) }),
  });
  const [redis, unrelatedRedis] = [await redisForTest(), await redisForTest()];
  const start = (url: string) => startProcess([], { REDIS_URL: url, ...settings[setting] });
  const [attacked, other, unrelated] = [
    await start(redis.url),
    await start(redis.url),
    await start(unrelatedRedis.url),
  ];

  const seatOf = async (userId: string, { url }: SignalerProcess): Promise<Seat> => ({
    userId,
    url,
    query: { roomId: roomIds[0], ...(await admission(userId)) },
  });
  const [anna, ben, carl] = people;
  const call = await HealthyCall.start([
    await seatOf(anna, attacked),
    await seatOf(ben, attacked),
    await seatOf(carl, other),
  ]);
  const calling = call.run();
  await delay(settleMs);

  // Without tokens anybody may come as anybody, and takes the place of who was there.
  const names = [...people, ...attackerNames, ...roomIds];
  const pools = makePools(seed, names, asksForTokens ? [] : people);
  const attack = ({ url }: SignalerProcess) => Attack.start({ url, seed, pools, roomIds, admission });

  call.takeLatencies();
  await delay(compareMs);
  const quiet = latencyOf(call.takeLatencies());

  const comparison = await attack(unrelated);
  await delay(compareMs);
  const compared = latencyOf(call.takeLatencies());
  await comparison.end();

  const attacking = await attack(attacked);
  call.takeLatencies();
  await delay(attackMs);
  const underAttack = latencyOf(call.takeLatencies());
  await attacking.end();
  await delay(settleMs);
  call.end();
  await calling;

  const nodes = [attacked, other, unrelated];
  const violations = [
    ...(await healthViolations(nodes)),
    ...(await newcomerViolations([attacked, other], admission)),
  ];
  call.close();
  const megabytes = Math.max(...(await Promise.all(nodes.map(residentMegabytes))));
  if (megabytes > mostMegabytes) violations.push(`a node has come to ${megabytes} MB`);
  return {
    violations: [...call.violations, ...violations],
    quiet,
    compared,
    attacked: underAttack,
    called: call.sent,
    garbage: attacking.garbage,
    lives: attacking.lives,
    told: await toldBy(attacked).catch(() => ({})),
    megabytes,
    traces: attacking.traces,
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
