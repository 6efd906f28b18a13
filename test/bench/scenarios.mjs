/**
 * What is measured, and under which load. In each scenario the first subject is the one in question and the
 * others are what it is compared with.
 *
 * The calm rate leaves room on two cores for eight nodes and what sends to them. Compare figures only at the
 * same rate: the fewer messages there are for each waking of a process, the more each costs.
 */

const signaler = { system: "signaler" };
const stock = { system: "stock" };
const ws = { system: "ws" };

/** @param rates - `calm` and `busy`, in messages per second and node; four nodes can only be a third as busy. */
export function listScenarios({ calm, busy }) {
  return [
    {
      id: "one-node",
      title: "1 node",
      nodes: 1,
      placement: "same",
      rate: calm,
      subjects: [signaler, stock, ws],
    },
    {
      id: "one-node-busy",
      title: "1 node, busy",
      nodes: 1,
      placement: "same",
      rate: busy,
      subjects: [signaler, stock, ws],
    },
    ...[2, 4, 8].map((nodes) => ({
      id: `across-${nodes}`,
      title: `${nodes} nodes, from one to another`,
      nodes,
      placement: "across",
      rate: calm,
      subjects: [signaler, stock],
    })),
    {
      id: "across-2-busy",
      title: "2 nodes, from one to the other, busy",
      nodes: 2,
      placement: "across",
      rate: busy,
      subjects: [signaler, stock],
    },
    {
      id: "across-4-busy",
      title: "4 nodes, from one to another, busy",
      nodes: 4,
      placement: "across",
      rate: busy / 3,
      subjects: [signaler, stock],
    },
    {
      id: "same-4",
      title: "4 nodes, both on the same",
      nodes: 4,
      placement: "same",
      rate: calm,
      subjects: [signaler, stock],
    },
    {
      id: "receipts-2",
      title: "2 nodes, with receipts",
      nodes: 2,
      placement: "across",
      rate: calm,
      subjects: [
        { ...signaler, acks: true, title: "signaler, every message with an ack" },
        { ...signaler, title: "signaler, without" },
      ],
    },
  ];
}
