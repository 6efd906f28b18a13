/**
 * What the switches of microphone and camera show, before a meeting and in it.
 */
import { texts } from "../language/language.js";
import type { LocalMedia } from "../media/local-media.js";
import type { Face } from "./button.js";

export function microphoneFace({ isSilent }: LocalMedia): Face {
  const t = texts().controls;
  return isSilent
    ? { icon: "microphoneOff", label: t.unmute, tone: "off" }
    : { icon: "microphone", label: t.mute };
}

export function cameraFace({ camera }: LocalMedia): Face {
  const t = texts().controls;
  return camera === undefined
    ? { icon: "cameraOff", label: t.cameraOn, tone: "off" }
    : { icon: "camera", label: t.cameraOff };
}
