/** What stands over the page outside a meeting: its name, and the choice of language. */
import { h } from "../element.js";
import { icon } from "../icons.js";
import { texts } from "../language/language.js";
import { languageChoice } from "./language-choice.js";

export function masthead(changeLanguage: () => void): HTMLElement {
  return h(
    "header",
    { class: "masthead" },
    h("span", { class: "brand" }, h("span", { class: "brand-mark" }, icon("camera")), texts().title),
    languageChoice(changeLanguage),
  );
}
