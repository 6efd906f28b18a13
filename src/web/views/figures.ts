/**
 * Terms, and what they are just now. A value that stays the same is left alone, so that it can be selected and copied.
 */
import { h, setText } from "../element.js";

export type Fact = readonly [term: string, value: string | undefined];

interface Figures {
  readonly element: HTMLElement;
  /** Always the same terms. */
  show(facts: readonly Fact[]): void;
}

export function createFigures(): Figures {
  const element = h("dl", { class: "figures" });
  const values: HTMLElement[] = [];
  return {
    element,
    show(facts) {
      for (const [index, [term, value]] of facts.entries()) {
        const shown = values[index] ?? h("dd");
        if (values[index] === undefined) {
          values.push(shown);
          element.append(h("dt", {}, term), shown);
        }
        setText(shown, value ?? "–");
      }
    },
  };
}
