/**
 * People in pairs, each pair in a room of its own and each sending to the other: on one node, or on two.
 * However many nodes there are, each has the same number of connections and so of messages.
 */
import { connectAll } from "./clients.mjs";

/** Divisible by 1, 3 and 7, so that with 2, 4 and 8 nodes every node has as many pairs with each other node. */
const pairsPerNode = 21;

/**
 * Connects pairs to a cluster, both on the same node (`same`) or always on different ones (`across`).
 *
 * @returns senders, neighbours in the list on different nodes: each with its client, its target, and both ids.
 */
export async function connectPairs(cluster, placement) {
  const { nodes, system } = cluster;
  const places =
    placement === "same"
      ? samePlaces(nodes.length)
      : acrossPlaces(nodes.length, (2 * pairsPerNode) / (nodes.length - 1));
  const users = places.flatMap((pair, room) =>
    pair.map((node, seat) => ({
      url: nodes[node].url,
      query: { userId: `${placement}-${room}-${seat}`, roomId: `${placement}-${room}` },
    })),
  );
  const clients = await connectAll(system.protocol, users);
  return users.map(({ query }, i) => ({
    client: clients[i],
    target: clients[i ^ 1],
    userId: query.userId,
    targetUid: users[i ^ 1].query.userId,
  }));
}

function samePlaces(nodeCount) {
  return Array.from({ length: pairsPerNode * nodeCount }, (_, i) => [i % nodeCount, i % nodeCount]);
}

/** So many pairs for every two nodes. */
function acrossPlaces(nodeCount, pairsPerTwo) {
  const places = [];
  for (let round = 0; round < pairsPerTwo; round += 1)
    for (let one = 0; one < nodeCount; one += 1)
      for (let other = one + 1; other < nodeCount; other += 1) places.push([one, other]);
  return places;
}
