/**
 * What a node counts of those it has refused.
 */
import type { TestNode } from "./nodes.js";

/** How often the node has told, or would have told, a code. */
export async function counted(node: TestNode, code: string): Promise<number> {
  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  return Number(metrics.match(new RegExp(`signaler_rejections_total\\{code="${code}"\\} (\\d+)`))?.[1] ?? 0);
}
