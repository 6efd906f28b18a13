/**
 * What a track shows. Each member has at most one of each.
 */
export const mediaKinds = { microphone: "audio", camera: "video", screen: "video" } as const;

export type MediaRole = keyof typeof mediaKinds;

export const mediaRoles = Object.keys(mediaKinds) as readonly MediaRole[];

export function isMediaRole(value: unknown): value is MediaRole {
  return typeof value === "string" && Object.hasOwn(mediaKinds, value);
}

/** A track of another member, and the stream that it plays in step with. */
export interface RemoteMedia {
  readonly track: MediaStreamTrack;
  readonly stream: MediaStream;
}
