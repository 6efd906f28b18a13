/** Shows how loud the microphone is. */
import { h } from "../element.js";
import { texts } from "../language/language.js";
import type { Levels } from "../media/levels.js";
import type { View } from "./view.js";

const everyMs = 60;

export function levelMeter(levels: Levels): View {
  const bar = h("span", { class: "level-bar" });
  const element = h(
    "div",
    {
      class: "level",
      role: "meter",
      "aria-label": texts().join.level,
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      "aria-valuenow": 0,
    },
    bar,
  );
  const timer = setInterval(() => {
    const level = levels.read("self");
    bar.style.transform = `scaleX(${level})`;
    element.setAttribute("aria-valuenow", String(Math.round(level * 100)));
  }, everyMs);
  return { element, dispose: () => clearInterval(timer) };
}
