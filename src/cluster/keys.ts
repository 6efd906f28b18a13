/**
 * Every name this signaler uses in Redis, and nothing builds one elsewhere.
 *
 *   meeting-room::<roomId>                HASH    userId → member JSON; the roster, for anyone's services to read
 *   meeting-route::{<roster key>}         HASH    userId → <nodeId>/<sessionId>; where each member is
 *   meeting-lobby                         HASH    as a roster, of connections made without a room
 *   meeting-node::<nodeId>                STRING  the node's lease; expires unless renewed
 *   meeting-node-rooms::<nodeId>          SET     roster keys with a member on that node; expires after the lease
 *   meeting-inbox::<nodeId>               channel what is for one node alone
 *   meeting-broadcast#/#<roster key>#     channel what is for a room; every node gets it, as the adapter names it
 *
 * The braces put a route into the slot of its roster on Redis Cluster. An id never holds braces, so it cannot
 * move a key to another slot or reach another's.
 */
import { isLobby, type Place } from "../protocol/place.js";

/** Also the name of the Socket.IO room. */
export function rosterKey(place: Place): string {
  return isLobby(place) ? "meeting-lobby" : `meeting-room::${place}`;
}

export function routeKey(place: Place): string {
  return `meeting-route::{${rosterKey(place)}}`;
}

export function leaseKey(nodeId: string): string {
  return `meeting-node::${nodeId}`;
}

export function nodeRoomsKey(nodeId: string): string {
  return `meeting-node-rooms::${nodeId}`;
}

export function inboxChannel(nodeId: string): string {
  return `meeting-inbox::${nodeId}`;
}

/** The prefix under which the Socket.IO adapter names its channels. */
export const broadcastPrefix = "meeting-broadcast";

/** Where a session is. Neither id holds a slash. */
export function formatAddress(nodeId: string, sessionId: string): string {
  return `${nodeId}/${sessionId}`;
}

export function parseAddress(address: string): { nodeId: string; sessionId: string } {
  const slash = address.indexOf("/");
  return { nodeId: address.slice(0, slash), sessionId: address.slice(slash + 1) };
}
