/**
 * Who is here, and what they have on. Hosts can mute and remove.
 */
import { fill, h } from "../element.js";
import { icon } from "../icons.js";
import { texts } from "../language/language.js";
import { hueOf } from "../media/synthetic.js";
import type { Meeting, Participant } from "../meeting/meeting.js";
import { iconButton } from "./button.js";
import { confirmThat } from "./dialogs.js";
import type { View } from "./view.js";

export function peoplePanel(meeting: Meeting): View {
  const count = h("p", { class: "quiet" });
  const list = h("ul", { class: "people" });
  let shown = "";
  const update = () => {
    const { participants } = meeting;
    const rights = participants[0]?.isHost;
    const now = JSON.stringify([
      rights,
      participants.map((one) => ({
        ...one,
        camera: one.camera !== undefined,
        screen: one.screen !== undefined,
      })),
    ]);
    if (now === shown) return;
    shown = now;
    fill(count, texts().people.count(participants.length));
    fill(list, ...participants.map((participant) => row(meeting, participant, rights === true)));
  };
  update();
  return { element: h("div", { class: "people-panel" }, count, list), dispose: meeting.on("change", update) };
}

function row(meeting: Meeting, participant: Participant, hasRights: boolean): HTMLLIElement {
  const t = texts();
  const { userId, name, isSelf, isHost, muted, handRaised, camera, screen } = participant;
  const dot = h("span", { class: "person-dot", "aria-hidden": "true" });
  dot.style.setProperty("--hue", String(hueOf(userId)));
  const signs = [
    handRaised && sign("hand", t.stage.handRaised),
    screen !== undefined && sign("screen", t.stage.sharing),
    camera === undefined && sign("cameraOff", t.stage.cameraOff),
    muted && sign("microphoneOff", t.stage.muted),
  ];
  const mute = () => meeting.mute(userId);
  const remove = () =>
    confirmThat(t.people.removeQuestion(name), t.people.removeAnswer, t.people.removeShort, () =>
      meeting.remove(userId),
    );
  return h(
    "li",
    {},
    dot,
    h(
      "span",
      { class: "person-name" },
      h("span", {}, isSelf ? `${name} (${t.stage.you})` : name),
      isHost && h("small", {}, t.stage.host),
    ),
    h("span", { class: "person-signs" }, ...signs),
    hasRights &&
      !isSelf &&
      h(
        "span",
        { class: "person-actions" },
        !muted && iconButton({ icon: "microphone", label: t.people.mute(name) }, mute).element,
        iconButton({ icon: "remove", label: t.people.remove(name) }, remove).element,
      ),
  );
}

function sign(name: "hand" | "screen" | "cameraOff" | "microphoneOff", meaning: string): HTMLElement {
  return h("span", { class: "sign", title: meaning }, icon(name), h("span", { class: "unseen" }, meaning));
}
