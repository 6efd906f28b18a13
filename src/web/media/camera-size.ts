/**
 * How large a picture is sent. It is encoded once for each of the others: what a laptop can send to one of them in full, it
 * could not send to ten.
 */

interface Size {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

/** Up to so many others, in order; to more goes the smallest. */
const sizes: readonly (readonly [others: number, size: Size])[] = [
  [1, { width: 1280, height: 720, frameRate: 30 }],
  [3, { width: 960, height: 540, frameRate: 25 }],
  [6, { width: 640, height: 360, frameRate: 20 }],
];
const smallest: Size = { width: 480, height: 270, frameRate: 15 };

/** What to ask of a camera whose picture goes to so many others. */
export function cameraSize(others: number): MediaTrackConstraints {
  const [, { width, height, frameRate }] = sizes.find(([most]) => others <= most) ?? [others, smallest];
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: frameRate } };
}
