/** Peer connections for meetings in which every member is connected to every other one. */

export type { MediaRole, RemoteMedia } from "./media-role.js";
export type { MemberState } from "./member-state.js";
export { createMesh, type Mesh, type MeshEvents } from "./mesh.js";
export type { MeshOptions } from "./options.js";
export type { Peer } from "./peer.js";
export type { MeshSignaling } from "./signaling.js";
export type { PeerStats, VideoStats } from "./stats.js";
