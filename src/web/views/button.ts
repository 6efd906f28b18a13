/**
 * Buttons with an icon, whose label says what a press does now.
 */
import { h, setAttribute } from "../element.js";
import { type IconName, icon } from "../icons.js";

export interface Face {
  readonly icon: IconName;
  readonly label: string;
  /** Looks like something that is off, or wants to be seen. */
  readonly tone?: "off" | "on" | undefined;
}

export interface IconButton {
  readonly element: HTMLButtonElement;
  show(face: Face): void;
}

/** @param shortcut - the key that does the same; told to people and to screen readers. */
export function iconButton(face: Face, press: () => void, shortcut?: string): IconButton {
  const element = h("button", { type: "button", class: "icon-button", click: press });
  setAttribute(element, "aria-keyshortcuts", shortcut);
  let shown: Face | undefined;
  const show = (next: Face) => {
    if (shown?.icon === next.icon && shown.label === next.label && shown.tone === next.tone) return;
    if (shown?.icon !== next.icon) {
      element.querySelector(".icon")?.remove();
      element.prepend(icon(next.icon));
    }
    shown = next;
    element.setAttribute("aria-label", next.label);
    element.title = shortcut === undefined ? next.label : `${next.label} (${shortcut})`;
    setAttribute(element, "data-tone", next.tone);
  };
  show(face);
  return { element, show };
}

export function textButton(
  label: string,
  press: () => void,
  tone: "primary" | "plain" | "danger" = "plain",
): HTMLButtonElement {
  return h("button", { type: "button", class: `button ${tone}`, click: press }, label);
}
