/**
 * Figures out of repeated measurements.
 */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const totalCpu = ({ cpu }) => cpu.nodes + cpu.redis;

/**
 * The ratio of two subjects' CPU per message: of the medians, and the least and the greatest of those that
 * were measured in the same pass.
 */
export function cpuRatio(subject, other) {
  const a = subject.windows.map(totalCpu);
  const b = other.windows.map(totalCpu);
  const pairs = a.map((value, i) => value / b[i]);
  return { ratio: median(a) / median(b), least: Math.min(...pairs), greatest: Math.max(...pairs) };
}

/** By how much p99 is greater at one time than at another, in each run: the median, the least and the greatest. */
export function slowdown(runs, when, other) {
  const ratios = runs.map((run) => run[when].p99 / run[other].p99);
  return { ratio: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) };
}
