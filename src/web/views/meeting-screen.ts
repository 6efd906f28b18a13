/**
 * The meeting: stage, controls and panel, and a word on whatever happens.
 */
import { h } from "../element.js";
import { icon } from "../icons.js";
import { texts } from "../language/language.js";
import type { Levels } from "../media/levels.js";
import type { LocalMedia } from "../media/local-media.js";
import type { Meeting } from "../meeting/meeting.js";
import { iconButton } from "./button.js";
import { chatPanel, showUnread } from "./chat-panel.js";
import { createControls } from "./controls.js";
import { copyLinkButton } from "./copy-link.js";
import { engineerPanel } from "./engineer-panel.js";
import { announce } from "./happenings.js";
import { hostMenu } from "./host-menu.js";
import { peoplePanel } from "./people-panel.js";
import { openSettings } from "./settings-dialog.js";
import { listenToShortcuts } from "./shortcuts.js";
import { SidePanel } from "./side-panel.js";
import { createStage } from "./stage.js";
import { Toasts } from "./toasts.js";
import type { View } from "./view.js";

export interface MeetingScreenOptions {
  readonly meeting: Meeting;
  readonly media: LocalMedia;
  readonly levels: Levels;
  changeLanguage(): void;
}

export function meetingScreen({ meeting, media, levels, changeLanguage }: MeetingScreenOptions): View {
  const t = texts();
  const toasts = new Toasts();
  const readRoom = () => meeting.roomId;
  const copyFailed = () => toasts.show({ text: t.controls.copyFailed, tone: "warning" });

  const stage = createStage(meeting, levels, (play) =>
    toasts.show({
      text: t.stage.playBlocked,
      name: "sound",
      actions: [{ label: t.stage.play, primary: true, press: play }],
    }),
  );
  const controls = createControls(meeting, media);

  const openers = {
    chat: iconButton({ icon: "chat", label: t.controls.chat }, () => panel.toggle("chat"), "C"),
    people: iconButton({ icon: "people", label: t.controls.people }, () => panel.toggle("people")),
    engineer: iconButton({ icon: "engineer", label: t.controls.engineer }, () => panel.toggle("engineer")),
  };
  const settings = iconButton({ icon: "settings", label: t.controls.settings }, () =>
    openSettings(media, changeLanguage),
  );
  let unread = 0;
  const countUnread = (count: number) => {
    unread = count;
    showUnread(openers.chat, badge, count);
  };
  const draft = { text: "" };
  const badge = h("span", { class: "badge", hidden: true });
  openers.chat.element.append(badge);
  const panel: SidePanel<keyof typeof openers> = new SidePanel(
    {
      chat: { heading: t.chat.heading, opener: openers.chat, create: () => chatPanel(meeting, draft) },
      people: { heading: t.people.heading, opener: openers.people, create: () => peoplePanel(meeting) },
      engineer: {
        heading: t.engineer.heading,
        opener: openers.engineer,
        create: () => engineerPanel(meeting),
      },
    },
    (open) => {
      element.classList.toggle("with-panel", open !== undefined);
      if (open !== "chat") return;
      countUnread(0);
      toasts.withdraw("chat");
    },
  );

  const banner = h("div", { class: "banner", role: "alert" });
  const lock = h(
    "span",
    { class: "room-lock" },
    icon("lock"),
    h("span", { class: "unseen" }, t.notice.locked),
  );
  const alone = h(
    "div",
    { class: "alone" },
    h("p", {}, h("strong", {}, t.stage.alone), h("span", {}, t.stage.aloneHint)),
    copyLinkButton(readRoom, copyFailed),
  );
  const head = h(
    "header",
    { class: "room" },
    h("h1", { class: "room-name", tabindex: -1 }, meeting.roomId),
    lock,
    copyLinkButton(readRoom, copyFailed),
  );
  const isHost = meeting.participants[0]?.isHost === true;
  const tools = h(
    "section",
    { class: "tools", "aria-label": t.controls.tools },
    isHost && hostMenu(meeting),
    openers.people.element,
    openers.chat.element,
    openers.engineer.element,
    settings.element,
  );
  const element = h(
    "div",
    { class: "meeting" },
    head,
    h("main", { class: "stage-area" }, banner, stage.element, alone, toasts.element),
    controls.element,
    tools,
    panel.element,
  );

  const update = () => {
    stage.update();
    controls.update();
    lock.hidden = !meeting.locked;
    alone.hidden = meeting.participants.length > 1;
    const { state } = meeting.signaling;
    const isAway = state !== "connected";
    banner.hidden = !isAway;
    const isSeen = meeting.participants.length > 1;
    if (isAway && banner.childElementCount === 0)
      banner.append(
        h("strong", {}, t.notice.reconnecting),
        ...(isSeen ? [h("span", {}, t.notice.reconnectingHint)] : []),
      );
    if (!isAway) banner.replaceChildren();
  };
  update();

  const stopListening = [
    meeting.on("change", update),
    media.on("change", update),
    announce(meeting, media, toasts),
    meeting.on("chat", (line) => {
      if (panel.open === "chat" || line.userId === meeting.participants[0]?.userId) return;
      countUnread(unread + 1);
      toasts.show({
        text: `${line.name}: ${line.text}`,
        icon: "chat",
        name: "chat",
      });
    }),
    listenToShortcuts({ ...controls.shortcuts, C: () => panel.toggle("chat") }, () => panel.close()),
  ];
  return {
    element,
    dispose() {
      for (const stop of stopListening) stop();
      stage.dispose();
      panel.dispose();
    },
  };
}
