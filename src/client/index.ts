/** The signaler's client, for browsers and Node. */

export type { Member } from "../protocol/envelope.js";
export type { AddressedEvent } from "../protocol/events.js";
export type { FailureCode } from "../protocol/failures.js";
export type { SignalingState } from "./lifeline.js";
export {
  createMesh,
  type MediaRole,
  type MemberState,
  type Mesh,
  type MeshEvents,
  type MeshOptions,
  type MeshSignaling,
  type Peer,
  type PeerStats,
  type RemoteMedia,
  type VideoStats,
} from "./mesh/index.js";
export type { ConnectOptions } from "./options.js";
export { Room, type RoomEvents } from "./room.js";
export {
  type Closure,
  connect,
  type IceServers,
  type Message,
  Signaling,
  type SignalingEvents,
} from "./signaling.js";
export { type SignalingCode, SignalingError } from "./signaling-error.js";
