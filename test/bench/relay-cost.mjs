/**
 * Runs the scenarios. All clusters are up at once and idle but for the one under measurement; every pass goes
 * through all scenarios and subjects, so that whatever the machine does to one, it does to the others. Half-way
 * all processes are started anew: two of the same program may differ by a tenth for as long as they live.
 */
import { runLoad, warmUp } from "./load.mjs";
import { connectPairs } from "./pairs.mjs";
import { readUsage } from "./process-usage.mjs";
import { Quiet } from "./quiet.mjs";
import { startCluster } from "./systems.mjs";

const leadMs = 500;

/**
 * @param repeats - windows for each subject.
 * @param generations - sets of processes that they are measured on.
 * @param warmUpPerNode - messages per node, before anything is measured.
 * @returns `scenarios`, each with its subjects and their windows in the order of the passes; and how many windows
 * were `disturbed` by others on the machine.
 */
export async function measureRelayCost(scenarios, plan) {
  const entries = scenarios.flatMap((scenario) =>
    scenario.subjects.map((subject) => ({ scenario, subject, windows: [] })),
  );
  const quiet = new Quiet(plan.seconds);
  const generations = Math.min(plan.generations, plan.repeats);
  for (let generation = 0; generation < generations; generation += 1) {
    const clusters = await startClusters(entries, plan.onProgress);
    for (const [key, { cluster, senders, acks }] of clusters) {
      plan.onProgress(`warming up: ${key}`);
      await warmUp({ senders, acks, messages: plan.warmUpPerNode * cluster.nodes.length });
    }
    for (let pass = generation; pass < plan.repeats; pass += generations)
      await runPass(pass, entries, clusters, quiet, plan);
    for (const { cluster } of clusters.values()) await cluster.stop();
  }
  return {
    disturbed: quiet.disturbed,
    scenarios: scenarios.map((scenario) => ({
      scenario,
      subjects: entries.filter((entry) => entry.scenario === scenario),
    })),
  };
}

/** One window for every subject. */
async function runPass(pass, entries, clusters, quiet, { seconds, onProgress }) {
  // There and back again: what drifts during a pass favours nobody over two of them.
  for (const entry of Math.floor(pass / 2) % 2 === 0 ? entries : entries.toReversed()) {
    const { scenario, subject, windows } = entry;
    onProgress(`pass ${pass + 1}: ${scenario.id}, ${subject.system}`);
    const { cluster, senders, acks } = clusters.get(clusterKey(entry));
    const rate = scenario.rate * scenario.nodes;
    const windowMs = seconds * 1_000;
    const load = { senders, rate, leadMs, windowMs, acks, readUsage: () => readUsage(cluster) };
    windows.push(perMessage(await quiet.measure(() => runLoad(load))));
  }
}

/** One cluster for all scenarios that can share it, with its pairs connected. */
async function startClusters(entries, onProgress) {
  const clusters = new Map();
  for (const entry of entries) {
    const key = clusterKey(entry);
    if (clusters.has(key)) continue;
    onProgress(`starting: ${key}`);
    const { scenario, subject } = entry;
    const cluster = await startCluster(subject.system, scenario.nodes);
    const senders = await connectPairs(cluster, scenario.placement);
    clusters.set(key, { cluster, senders, acks: subject.acks ?? false });
  }
  return clusters;
}

function clusterKey({ scenario: { nodes, placement }, subject: { system, acks } }) {
  return `${nodes} ${system}, ${placement}${acks ? ", with acks" : ""}`;
}

function perMessage({ delivered, used, latency, receiptLatency }) {
  return { cpu: { nodes: used.nodes / delivered, redis: used.redis / delivered }, latency, receiptLatency };
}
