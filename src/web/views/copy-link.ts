/** Copies the invitation, and says so where the button was pressed. */
import { h, setText } from "../element.js";
import { icon } from "../icons.js";
import { texts } from "../language/language.js";
import { invitation } from "../link.js";

const thanksMs = 2500;

/**
 * @param readRoom - which room, when the button is pressed.
 * @param failed - told when the browser does not let it.
 */
export function copyLinkButton(readRoom: () => string, failed: () => void): HTMLButtonElement {
  const t = texts().controls;
  const label = h("span", { "aria-live": "polite" }, t.copyLink);
  const button = h(
    "button",
    { type: "button", class: "button plain copy-link", title: t.copyLink },
    icon("copy"),
    label,
  );
  button.addEventListener("click", async () => {
    if (!(await copy(invitation(readRoom())))) return failed();
    setText(label, t.copied);
    button.querySelector(".icon")?.replaceWith(icon("check"));
    setTimeout(() => {
      setText(label, t.copyLink);
      button.querySelector(".icon")?.replaceWith(icon("copy"));
    }, thanksMs);
  });
  return button;
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelecting(text);
  }
}

/** Without TLS there is no clipboard, but for what is selected. */
function copyBySelecting(text: string): boolean {
  const field = h("textarea", { class: "unseen", readonly: true });
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
}
