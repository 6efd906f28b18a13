/**
 * Why the meeting is over for this page, or did not begin, and what to do.
 */
import { h, setText } from "../element.js";
import { icon } from "../icons.js";
import { texts } from "../language/language.js";
import type { Ending } from "../meeting/meeting.js";
import { textButton } from "./button.js";
import { masthead } from "./masthead.js";
import type { View } from "./view.js";

interface EndingOptions {
  readonly ending: Ending;
  /** Whether it is being tried again just now. */
  readonly joining: boolean;
  /** With the same name and room. */
  again(): void;
  /** To the form. */
  start(): void;
  changeLanguage(): void;
}

/** Where trying the same again cannot help. */
const hopeless = new Set([
  "token_required",
  "token_refused",
  "token_expired",
  "room_forbidden",
  "origin_refused",
  "no_relay",
  "no_webrtc",
]);

export function endingScreen({ ending, joining, again, start, changeLanguage }: EndingOptions): View {
  const t = texts();
  const { code, message } = ending;
  const isKnown = Object.hasOwn(t.ending, code) && code !== "other";
  const { heading, advice } = t.ending[isKnown ? (code as "left") : "other"];
  const isHopeless = hopeless.has(code);
  const calm = code === "left" || code === "ended";
  const retry = code === "replaced" ? t.ending.takeBack : t.ending.again;
  const title = h("h1", { tabindex: -1 }, heading);
  const rejoin = textButton(
    calm ? t.ending.rejoin : retry,
    () => {
      wait();
      again();
    },
    "primary",
  );
  const elsewhere = textButton(isHopeless ? t.ending.back : t.ending.start, start);
  const wait = () => {
    setText(rejoin, t.join.joining);
    rejoin.disabled = elsewhere.disabled = true;
  };
  if (joining) wait();
  const element = h(
    "div",
    { class: "join" },
    masthead(changeLanguage),
    h(
      "main",
      { class: "ending" },
      h("span", { class: "ending-mark", "data-calm": calm }, icon(calm ? "leave" : "warning")),
      title,
      h("p", { class: "quiet" }, advice),
      !isKnown && h("p", { class: "reason", lang: "en" }, message || code),
      h("div", { class: "ending-actions" }, !isHopeless && rejoin, elsewhere),
    ),
  );
  return { element, dispose() {} };
}
