/**
 * Dialogs: the browser keeps the focus in them, closes them with Escape, and gives the focus back.
 */
import { h } from "../element.js";
import { texts } from "../language/language.js";
import { iconButton, textButton } from "./button.js";

export function openDialog(heading: string, ...content: readonly HTMLElement[]): HTMLDialogElement {
  const close = iconButton({ icon: "close", label: texts().controls.close }, () => dialog.close());
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": "dialog-heading" },
    h("header", { class: "panel-head" }, h("h2", { id: "dialog-heading" }, heading), close.element),
    ...content,
  );
  dialog.addEventListener("close", () => dialog.remove());
  // A click beside it, which the dialog gets itself, closes it.
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before something that cannot be taken back. */
export function confirmThat(question: string, explanation: string, action: string, go: () => void): void {
  const dialog: HTMLDialogElement = openDialog(
    question,
    h("p", { class: "quiet" }, explanation),
    h(
      "footer",
      { class: "dialog-foot" },
      textButton(texts().host.cancel, () => dialog.close()),
      textButton(
        action,
        () => {
          dialog.close();
          go();
        },
        "danger",
      ),
    ),
  );
}
