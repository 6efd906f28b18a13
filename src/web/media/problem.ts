/**
 * What can be wrong with a camera, a microphone or a screen, in the terms in which people can do something about it.
 */
export type Problem = "refused" | "missing" | "busy" | "insecure" | "gone" | "failed";

/** From what `getUserMedia` and `getDisplayMedia` reject with. */
export function problemOf(error: unknown): Problem {
  const name = error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return navigator.mediaDevices === undefined ? "insecure" : "failed";
  }
}
