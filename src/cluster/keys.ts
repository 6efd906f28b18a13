/**
 * Every name this signaler uses in Redis, and nothing builds one elsewhere.
 *
 *   meeting-room::<roomId>                HASH    userId → member JSON; the roster, for anyone's services to read
 *   meeting-route::{<roster key>}         HASH    userId → <nodeId>/<sessionId>; where each member is
 *   meeting-lobby                         HASH    as a roster, of connections made without a room
 *   meeting-version::{<roster key>}       STRING  the room's version; ends with its last member
 *   meeting-newest::{<roster key>}        HASH    userId → address of the newest session, where an older one may come
 *                                                 back; before it + as long as it is in, ~ when it has left, - when
 *                                                 it was reaped, ! when it was removed, * when that has been
 *                                                 announced, = when everyone was; expires
 *   meeting-lock::{<roster key>}          SET     who may be in a room that is locked; ends some time after its last member
 *   meeting-ban::{<roster key>}::<userId> STRING  may not be in that room; expires
 *   meeting-node::<nodeId>                STRING  the node's lease; expires unless renewed
 *   meeting-node-rooms::<nodeId>          SET     roster keys with a member on that node; expires after the lease
 *   meeting-nodes                         SET     ids of nodes that may have members: those alive, and the dead not yet reaped
 *   meeting-reaper                        STRING  the node that looks for dead ones; expires
 *   meeting-inbox::<nodeId>               channel what is for one node alone
 *   meeting-inbox                         channel what is for every node
 *   meeting-broadcast#/#<roster key>#     channel what is for a room; every node gets it, as the adapter names it
 *
 * The braces put what belongs to a room into the slot of its roster on Redis Cluster. An id never holds braces, so it cannot
 * move a key to another slot or reach another's.
 */
import { isLobby, lobby, type Place } from "../protocol/place.js";

/** Also the name of the Socket.IO room. */
export function rosterKey(place: Place): string {
  return isLobby(place) ? lobbyKey : `${roomPrefix}${place}`;
}

const lobbyKey = "meeting-lobby";
const roomPrefix = "meeting-room::";

/** The place of a roster key; undefined if it is none. */
export function placeOf(key: string): Place | undefined {
  if (key === lobbyKey) return lobby;
  return key.startsWith(roomPrefix) ? key.slice(roomPrefix.length) : undefined;
}

export function routeKey(place: Place): string {
  return `meeting-route::{${rosterKey(place)}}`;
}

export function versionKey(place: Place): string {
  return `meeting-version::{${rosterKey(place)}}`;
}

export function newestKey(place: Place): string {
  return `meeting-newest::{${rosterKey(place)}}`;
}

export function lockKey(place: Place): string {
  return `meeting-lock::{${rosterKey(place)}}`;
}

export function banKey(place: Place, userId: string): string {
  return `meeting-ban::{${rosterKey(place)}}::${userId}`;
}

export const nodesKey = "meeting-nodes";
export const reaperKey = "meeting-reaper";

export function leaseKey(nodeId: string): string {
  return `meeting-node::${nodeId}`;
}

export function nodeRoomsKey(nodeId: string): string {
  return `meeting-node-rooms::${nodeId}`;
}

export const everyonesInboxChannel = "meeting-inbox";

export function inboxChannel(nodeId: string): string {
  return `meeting-inbox::${nodeId}`;
}

/** The prefix under which the Socket.IO adapter names its channels. */
export const broadcastPrefix = "meeting-broadcast";

/** The place that a broadcast on this channel is for. */
export function placeOfBroadcast(channel: string): Place | undefined {
  const [, , room] = channel.match(/^meeting-broadcast#([^#]*)#(.*)#$/su) ?? [];
  return room === undefined ? undefined : placeOf(room);
}

/** Where a session is. Neither id holds a slash. */
export function formatAddress(nodeId: string, sessionId: string): string {
  return `${nodeId}/${sessionId}`;
}

/** What the addresses of a node's sessions begin with. */
export function addressPrefix(nodeId: string): string {
  return formatAddress(nodeId, "");
}

export function parseAddress(address: string): { nodeId: string; sessionId: string } {
  const slash = address.indexOf("/");
  return { nodeId: address.slice(0, slash), sessionId: address.slice(slash + 1) };
}
