/**
 * Says what happens in the meeting: who comes and goes, who would like to speak, what does not work.
 */
import { texts } from "../language/language.js";
import type { LocalMedia } from "../media/local-media.js";
import type { Meeting, Participant } from "../meeting/meeting.js";
import type { Toasts } from "./toasts.js";

/** Returns what ends it. */
export function announce(meeting: Meeting, media: LocalMedia, toasts: Toasts): () => void {
  const t = texts();
  const n = t.notice;
  let wasAway = false;

  const asks = ({ userId, name, handRaised }: Participant) => {
    const toast = `asks ${userId}`;
    if (!handRaised) return toasts.withdraw(toast);
    toasts.show({
      text: n.asks(name),
      icon: "hand",
      name: toast,
      actions: [
        { label: n.accept, primary: true, press: () => meeting.answer(userId, true) },
        { label: n.refuse, press: () => meeting.answer(userId, false) },
      ],
    });
  };
  const answered = (by: string, accepted: boolean) => {
    const unmute = { label: t.controls.unmute, primary: true, press: () => media.setMuted(false) };
    const silent = media.muted && media.microphone !== undefined;
    toasts.show({
      text: accepted ? n.granted(by) : n.refused(by),
      icon: "hand",
      actions: accepted && silent ? [unmute] : [],
    });
  };
  const stop = [
    meeting.on("joined", ({ name }) => toasts.show({ text: n.joined(name) })),
    meeting.on("left", (name) => toasts.show({ text: n.left(name) })),
    meeting.on("asks", asks),
    meeting.on("answered", answered),
    meeting.on("mutedBy", (by) => toasts.show({ text: n.mutedBy(by), icon: "microphoneOff" })),
    meeting.on("locked", (locked) =>
      toasts.show({ text: locked ? n.locked : n.unlocked, icon: locked ? "lock" : "unlock" }),
    ),
    meeting.on("notice", (text) => toasts.show({ text, icon: "warning" })),
    meeting.on("failed", (code, message) => {
      const reason = Object.hasOwn(t.failures, code) ? t.failures[code as "offline"] : message;
      toasts.show({ text: n.failed(reason), icon: "warning", tone: "warning", name: "failed" });
    }),
    meeting.on("change", () => {
      const isAway = meeting.signaling.state === "reconnecting";
      if (wasAway && meeting.signaling.state === "connected")
        toasts.show({ text: n.connectedAgain, icon: "check" });
      wasAway = isAway;
    }),
    media.on("problem", (role, problem) =>
      toasts.show({ text: t.devices[role][problem], icon: "warning", tone: "warning", name: role }),
    ),
  ];
  return () => {
    for (const end of stop) end();
  };
}
