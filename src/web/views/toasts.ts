/**
 * Short notices that go by themselves; those that ask something stay until they are answered.
 */
import { h } from "../element.js";
import { type IconName, icon } from "../icons.js";
import { texts } from "../language/language.js";
import { iconButton, textButton } from "./button.js";

interface Action {
  readonly label: string;
  readonly primary?: boolean;
  press(): void;
}

interface Toast {
  readonly text: string;
  readonly icon?: IconName;
  readonly tone?: "warning";
  readonly actions?: readonly Action[];
  /** A later one of the same name takes its place. */
  readonly name?: string;
}

const lastsMs = 5000;
const most = 4;

export class Toasts {
  readonly element = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

  show({ text, icon: mark, tone, actions = [], name }: Toast): void {
    if (name !== undefined) this.withdraw(name);
    const close = iconButton({ icon: "close", label: texts().notice.dismiss }, () => toast.remove());
    const toast = h(
      "div",
      { class: "toast", "data-tone": tone, "data-name": name },
      mark !== undefined && icon(mark),
      h(
        "div",
        { class: "toast-body" },
        h("p", {}, text),
        actions.length > 0 &&
          h(
            "span",
            { class: "toast-actions" },
            ...actions.map(({ label, primary, press }) =>
              textButton(
                label,
                () => {
                  toast.remove();
                  press();
                },
                primary === true ? "primary" : "plain",
              ),
            ),
          ),
      ),
      close.element,
    );
    this.element.append(toast);
    const passing = [...this.element.children].filter((other) => other.querySelector(".button") === null);
    for (const old of passing.slice(0, Math.max(0, passing.length - most))) old.remove();
    // Nobody is to lose what they are about to press, or still read.
    const pass = () => {
      if (toast.matches(":hover, :focus-within")) setTimeout(pass, lastsMs);
      else toast.remove();
    };
    if (actions.length === 0) setTimeout(pass, lastsMs);
  }

  withdraw(name: string): void {
    for (const toast of this.element.querySelectorAll<HTMLElement>("[data-name]"))
      if (toast.dataset["name"] === name) toast.remove();
  }
}
