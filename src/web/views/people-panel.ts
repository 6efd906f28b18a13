/**
 * Who is here, and what they have on. Hosts can mute and remove; they, or anyone where there is none, can give the floor
 * to whoever asks for it.
 */
import { h, setText } from "../element.js";
import { icon } from "../icons.js";
import { texts } from "../language/language.js";
import { hueOf } from "../media/synthetic.js";
import type { Meeting, Participant } from "../meeting/meeting.js";
import { iconButton } from "./button.js";
import { confirmThat } from "./dialogs.js";
import type { View } from "./view.js";

export function peoplePanel(meeting: Meeting): View {
  const count = h("p", { class: "quiet" });
  const list = h("ul", { class: "people", "aria-label": texts().people.heading, tabindex: -1 });
  const rows = new Map<string, { readonly shown: string; readonly element: HTMLLIElement }>();
  const update = () => {
    const { participants } = meeting;
    const hasRights = participants[0]?.isHost === true;
    const givesFloor = hasRights || !participants.some(({ isHost }) => isHost);
    setText(count, texts().people.count(participants.length));
    const focused = list.querySelector("button:focus")?.ariaLabel;
    for (const [userId, { element }] of rows)
      if (!participants.some((participant) => participant.userId === userId)) {
        element.remove();
        rows.delete(userId);
      }
    for (const [index, participant] of participants.entries()) {
      const { userId, camera, screen } = participant;
      const now = { ...participant, camera: camera !== undefined, screen: screen !== undefined };
      const shown = JSON.stringify([hasRights, givesFloor, now]);
      const known = rows.get(userId);
      const element =
        known?.shown === shown ? known.element : row(meeting, participant, { hasRights, givesFloor });
      if (known?.element !== element) known?.element.replaceWith(element);
      rows.set(userId, { shown, element });
      if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    }
    if (focused === undefined || list.querySelector("button:focus") !== null) return;
    // A keyboard goes on where it was, or at the list if that is gone.
    const buttons = [...list.querySelectorAll("button")];
    (buttons.find(({ ariaLabel }) => ariaLabel === focused) ?? list).focus();
  };
  update();
  return { element: h("div", { class: "people-panel" }, count, list), dispose: meeting.on("change", update) };
}

interface Rights {
  readonly hasRights: boolean;
  readonly givesFloor: boolean;
}

function row(meeting: Meeting, participant: Participant, { hasRights, givesFloor }: Rights): HTMLLIElement {
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
  const giveFloor = () => meeting.answer(userId, true);
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
    !isSelf &&
      h(
        "span",
        { class: "person-actions" },
        givesFloor &&
          handRaised &&
          iconButton({ icon: "check", label: t.people.giveFloor(name) }, giveFloor).element,
        hasRights && !muted && iconButton({ icon: "microphone", label: t.people.mute(name) }, mute).element,
        hasRights && iconButton({ icon: "remove", label: t.people.remove(name) }, remove).element,
      ),
  );
}

function sign(name: "hand" | "screen" | "cameraOff" | "microphoneOff", meaning: string): HTMLElement {
  return h("span", { class: "sign", title: meaning }, icon(name), h("span", { class: "unseen" }, meaning));
}
