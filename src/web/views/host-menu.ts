/**
 * What a host may do with the whole room.
 */
import { fill, h } from "../element.js";
import { type IconName, icon } from "../icons.js";
import { texts } from "../language/language.js";
import type { Meeting } from "../meeting/meeting.js";
import { iconButton } from "./button.js";
import { confirmThat } from "./dialogs.js";

const marginPx = 8;

export function hostMenu(meeting: Meeting): HTMLElement {
  const t = texts().host;
  const menu = h("div", {
    class: "card host-menu",
    popover: "auto",
    id: "host-menu",
    role: "group",
    "aria-label": texts().controls.host,
  });
  const opener = iconButton({ icon: "host", label: texts().controls.host }, () => {
    fill(
      menu,
      meeting.locked
        ? item("unlock", t.unlock, t.unlockHint, () => meeting.lock(false))
        : item("lock", t.lock, t.lockHint, () => meeting.lock(true)),
      item("leave", t.end, t.endHint, () =>
        confirmThat(t.endQuestion, t.endAnswer, t.end, () => meeting.end()),
      ),
    );
  });
  // The browser opens and closes it: by itself it knows a press that closes from one that opens.
  opener.element.popoverTargetElement = menu;
  const item = (mark: IconName, label: string, hint: string, go: () => void) =>
    h(
      "button",
      {
        type: "button",
        class: "menu-item",
        click: () => {
          menu.hidePopover();
          go();
        },
      },
      icon(mark),
      h("span", {}, label, h("small", {}, hint)),
    );
  menu.addEventListener("toggle", (event) => {
    const isOpen = (event as ToggleEvent).newState === "open";
    opener.element.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return;
    const { left, top, bottom } = opener.element.getBoundingClientRect();
    const above = top - menu.offsetHeight - marginPx;
    const leftmost = Math.min(left, innerWidth - menu.offsetWidth - marginPx);
    Object.assign(menu.style, { left: `${leftmost}px`, top: `${above > 0 ? above : bottom + marginPx}px` });
    menu.querySelector("button")?.focus();
  });
  opener.element.setAttribute("aria-expanded", "false");
  return h("span", {}, opener.element, menu);
}
