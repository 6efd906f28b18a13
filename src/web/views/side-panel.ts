/**
 * The panel beside the stage: chat, people or what is behind the scenes, one at a time.
 */
import { fill, h } from "../element.js";
import { texts } from "../language/language.js";
import { type IconButton, iconButton } from "./button.js";
import type { View } from "./view.js";

interface Content {
  readonly heading: string;
  readonly opener: IconButton;
  create(): View;
}

export class SidePanel<Name extends string> {
  readonly element: HTMLElement;
  readonly #contents: Readonly<Record<Name, Content>>;
  readonly #changed: (open: Name | undefined) => void;
  #open: { readonly name: Name; readonly view: View } | undefined;

  constructor(contents: Readonly<Record<Name, Content>>, changed: (open: Name | undefined) => void) {
    this.#contents = contents;
    this.#changed = changed;
    this.element = h("aside", {
      class: "panel",
      id: "panel",
      "aria-labelledby": "panel-heading",
      hidden: true,
    });
    for (const { opener } of this.#all) opener.element.setAttribute("aria-controls", "panel");
    this.#tellOpeners();
  }

  get open(): Name | undefined {
    return this.#open?.name;
  }

  toggle(name: Name): void {
    if (this.open === name) this.close();
    else this.#show(name);
  }

  /** Gives the focus back to what opened it. */
  close(): void {
    if (this.#open === undefined) return;
    const { name, view } = this.#open;
    const hadFocus = this.element.contains(document.activeElement);
    view.dispose();
    this.#open = undefined;
    this.element.hidden = true;
    fill(this.element);
    this.#tellOpeners();
    this.#changed(undefined);
    if (hadFocus) this.#contents[name].opener.element.focus();
  }

  dispose(): void {
    this.#open?.view.dispose();
  }

  #show(name: Name): void {
    this.#open?.view.dispose();
    const { heading, create } = this.#contents[name];
    const view = create();
    this.#open = { name, view };
    const title = h("h2", { id: "panel-heading", tabindex: -1 }, heading);
    const close = iconButton({ icon: "close", label: texts().controls.close }, () => this.close());
    fill(this.element, h("header", { class: "panel-head" }, title, close.element), view.element);
    this.element.hidden = false;
    this.#tellOpeners();
    this.#changed(name);
    (this.element.querySelector<HTMLElement>("[data-focus]") ?? title).focus();
  }

  get #all(): readonly Content[] {
    return Object.values<Content>(this.#contents);
  }

  #tellOpeners(): void {
    for (const content of this.#all) {
      const isOpen = this.#open !== undefined && this.#contents[this.#open.name] === content;
      content.opener.element.setAttribute("aria-expanded", String(isOpen));
    }
  }
}
