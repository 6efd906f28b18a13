/**
 * Where a session can be a member: a room, named by its id, or the lobby, which every connection made
 * without a room is in [P-7]. The lobby's name holds a brace, and no room id may, so the two cannot meet.
 */
export type Place = string;

export const lobby: Place = "{lobby}";

export function isLobby(place: Place): boolean {
  return place === lobby;
}
