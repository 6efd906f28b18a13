/**
 * Keys of one letter. They keep out of the way of typing, of dialogs and of the browser's own, and can be turned off, since
 * whoever speaks to a machine would press them unawares.
 */
import { recall, remember } from "../memory.js";

export type Shortcuts = Readonly<Record<string, () => void>>;

export function areShortcutsOn(): boolean {
  return recall("shortcuts") !== "off";
}

export function turnShortcuts(on: boolean): void {
  remember("shortcuts", on ? "on" : "off");
}

/** @param shortcuts - by upper-case letter. Returns what ends it. */
export function listenToShortcuts(shortcuts: Shortcuts, close: () => void): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") !== null)
      return;
    // The browser closes what lies over the page, and nothing else goes with it.
    if (event.key === "Escape") return isPopoverOpen() ? undefined : close();
    if (event.repeat || !areShortcutsOn() || isTyping(event.target)) return;
    const action = shortcuts[event.key.toUpperCase()];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/** Browsers without popovers take the selector for an error. */
function isPopoverOpen(): boolean {
  return CSS.supports("selector(:popover-open)") && document.querySelector(":popover-open") !== null;
}
