/**
 * One's own switches: microphone, camera, screen, hand, and the way out.
 */
import { h, setText } from "../element.js";
import { texts } from "../language/language.js";
import { LocalMedia } from "../media/local-media.js";
import type { Meeting } from "../meeting/meeting.js";
import { iconButton } from "./button.js";
import { cameraFace, microphoneFace } from "./media-faces.js";
import type { Shortcuts } from "./shortcuts.js";

interface Controls {
  readonly element: HTMLElement;
  readonly shortcuts: Shortcuts;
  update(): void;
}

export function createControls(meeting: Meeting, media: LocalMedia): Controls {
  const t = texts().controls;
  const isHandUp = () => meeting.participants[0]?.handRaised === true;

  const toggleMicrophone = () => media.toggleMicrophone();
  const toggleCamera = () => media.toggleCamera();
  const toggleScreen = () => (media.screen === undefined ? void media.shareScreen() : media.stopSharing());
  const toggleHand = () => meeting.raiseHand(!isHandUp());

  const microphone = iconButton(microphoneFace(media), toggleMicrophone, "M");
  const camera = iconButton(cameraFace(media), toggleCamera, "V");
  const screen = iconButton({ icon: "screen", label: t.share }, toggleScreen, "S");
  const hand = iconButton({ icon: "hand", label: t.raiseHand }, toggleHand, "H");
  const leave = iconButton({ icon: "leave", label: t.leave }, () => meeting.leave());
  leave.element.classList.add("leave");
  const heard = h("span", { class: "unseen", role: "status" });
  const canShare = media.synthetic || LocalMedia.canShareScreen;

  const update = () => {
    setText(heard, media.isSilent ? texts().stage.muted : texts().stage.unmuted);
    microphone.show(microphoneFace(media));
    camera.show(cameraFace(media));
    const sharing = media.screen !== undefined;
    screen.show({
      icon: "screen",
      label: sharing ? t.stopSharing : t.share,
      tone: sharing ? "on" : undefined,
    });
    const up = isHandUp();
    hand.show({ icon: "hand", label: up ? t.lowerHand : t.raiseHand, tone: up ? "on" : undefined });
  };
  update();
  const buttons = [microphone, camera, ...(canShare ? [screen] : []), hand, leave];
  return {
    element: h(
      "section",
      { class: "controls", "aria-label": t.label },
      ...buttons.map(({ element }) => element),
      heard,
    ),
    shortcuts: {
      M: toggleMicrophone,
      V: toggleCamera,
      H: toggleHand,
      ...(canShare && { S: toggleScreen }),
    },
    update,
  };
}
