/**
 * What a process has used, as Linux counts it: CPU time to the nanosecond, summed over its threads (that is
 * what utime and stime of its stat are made of, which are rounded to hundredths of a second), and memory.
 */
import { readdirSync, readFileSync } from "node:fs";

/** CPU time of all threads so far, in microseconds. */
function cpuMicroseconds(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [onCpu] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    nanoseconds += Number(onCpu);
  }
  return nanoseconds / 1_000;
}

/** Memory that the process shares with no other, in bytes: what would be free if it ended. */
export function privateBytes(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  let kilobytes = 0;
  for (const [, amount] of rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm))
    kilobytes += Number(amount);
  return kilobytes * 1_024;
}

/** CPU time of the whole machine so far, and what its host took from it, in microseconds. */
export function machineCpuMicroseconds() {
  const [, user, nice, system, , , , , stolen] = readFileSync("/proc/stat", "utf8")
    .split(/\s+/, 9)
    .map(Number);
  return (user + nice + system + stolen) * 10_000;
}

/**
 * CPU time so far in microseconds: of a cluster's nodes, of its Redis, and of everything on the machine that
 * is neither these nor this process.
 */
export function readUsage(cluster) {
  const nodes = cluster.nodes.reduce((sum, { pid }) => sum + cpuMicroseconds(pid), 0);
  const redis = cluster.redis === undefined ? 0 : cpuMicroseconds(cluster.redis.pid);
  const others = machineCpuMicroseconds() - nodes - redis - cpuMicroseconds(process.pid);
  return { nodes, redis, others };
}
