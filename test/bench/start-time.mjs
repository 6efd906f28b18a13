/**
 * How long after its start a node listens: from spawning it to the line that says so, and to the first 200
 * from `/healthz`.
 */
import { lineOf, startProcess, stopProcess } from "./processes.mjs";
import { median } from "./statistics.mjs";
import { startRedis, systems, untilAnswers, urlIn } from "./systems.mjs";

/** @returns for a node with Redis and one by itself the medians of so many starts, in milliseconds. */
export async function measureStartTime(starts, onProgress) {
  const redis = await startRedis();
  const results = [];
  for (const { title, env } of [
    { title: "with Redis", env: { REDIS_URL: redis.url } },
    { title: "by itself", env: {} },
  ]) {
    onProgress(`start time: ${title}`);
    const times = [];
    for (let i = 0; i < starts; i += 1) times.push(await start(env));
    results.push({
      title,
      listening: median(times.map(({ listening }) => listening)),
      healthy: median(times.map(({ healthy }) => healthy)),
    });
  }
  await stopProcess(redis.child);
  return results;
}

async function start(env) {
  const startedAt = performance.now();
  const child = startProcess(process.execPath, systems.signaler.script, { env });
  const url = await lineOf(child.stdout, urlIn);
  const listening = performance.now() - startedAt;
  await untilAnswers(`${url.replace("localhost", "127.0.0.1")}/healthz`);
  const healthy = performance.now() - startedAt;
  await stopProcess(child);
  return { listening, healthy };
}
