/** The choice of language, which makes the page anew in it. */
import { h } from "../element.js";
import { chooseLanguage, language, languageNames, texts } from "../language/language.js";

export function languageChoice(changed: () => void): HTMLSelectElement {
  const select = h(
    "select",
    { class: "language", "aria-label": texts().language },
    ...Object.entries(languageNames).map(([tag, name]) =>
      h("option", { value: tag, lang: tag, selected: tag === language() }, name),
    ),
  );
  select.addEventListener("change", () => {
    chooseLanguage(select.value);
    changed();
  });
  return select;
}
