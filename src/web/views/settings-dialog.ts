/** Devices, language and keys, from within a meeting. */
import { h } from "../element.js";
import { texts } from "../language/language.js";
import type { LocalMedia } from "../media/local-media.js";
import { deviceFields } from "./device-fields.js";
import { openDialog } from "./dialogs.js";
import { languageChoice } from "./language-choice.js";
import { areShortcutsOn, turnShortcuts } from "./shortcuts.js";

export function openSettings(media: LocalMedia, languageChanged: () => void): void {
  const t = texts();
  const devices = deviceFields(media);
  const keys: readonly (readonly [string, string])[] = [
    ["M", t.help.microphone],
    ["V", t.help.camera],
    ["S", t.help.share],
    ["H", t.help.hand],
    ["C", t.help.chat],
    ["Esc", t.help.escape],
  ];
  const enable = h("input", { type: "checkbox", checked: areShortcutsOn() });
  enable.addEventListener("change", () => turnShortcuts(enable.checked));
  const language = languageChoice(() => {
    dialog.close();
    languageChanged();
  });
  const dialog: HTMLDialogElement = openDialog(
    t.controls.settings,
    ...(media.synthetic ? [] : [devices.element]),
    h("label", { class: "field" }, h("span", {}, t.language), language),
    h("h3", {}, t.help.heading),
    h(
      "dl",
      { class: "keys" },
      ...keys.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)]),
    ),
    h("label", { class: "check" }, enable, t.help.enable),
  );
  dialog.addEventListener("close", () => devices.dispose());
}
