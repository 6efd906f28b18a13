/**
 * What a track shows. Each member has at most one of each.
 */
export const mediaRoles = ["camera", "microphone", "screen"] as const;

export type MediaRole = (typeof mediaRoles)[number];

export function isMediaRole(value: unknown): value is MediaRole {
  return (mediaRoles as readonly unknown[]).includes(value);
}

/** A track of another member, and the stream that it plays in step with. */
export interface RemoteMedia {
  readonly track: MediaStreamTrack;
  readonly stream: MediaStream;
}
