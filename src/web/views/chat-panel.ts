/**
 * What has been written, and what one writes.
 */
import { h, setText } from "../element.js";
import { icon } from "../icons.js";
import { texts } from "../language/language.js";
import { type ChatLine, longestChatLine, type Meeting, mostChatLines } from "../meeting/meeting.js";
import type { IconButton } from "./button.js";
import type { View } from "./view.js";

/** Lines of one person so soon after each other stand under one name. */
const sameBreathMs = 120_000;
/** So far from its end the list counts as being at it. */
const nearlyPx = 24;

/** What is being written, also while the panel is closed. */
export interface Draft {
  text: string;
}

export function chatPanel(meeting: Meeting, draft: Draft): View {
  const t = texts().chat;
  const empty = h("p", { class: "quiet" }, t.empty);
  const lines = h("div", { class: "chat-lines", role: "log", "aria-label": t.heading, tabindex: 0 });
  const input = h("textarea", {
    rows: 1,
    maxlength: longestChatLine,
    placeholder: t.write,
    "aria-label": t.write,
    enterkeyhint: "send",
    "data-focus": true,
  });
  input.value = draft.text;
  const write = (text: string) => {
    draft.text = input.value = text;
  };
  input.addEventListener("input", () => write(input.value));
  let last: ChatLine | undefined;
  // Whoever reads what was written earlier goes on reading.
  let isAtEnd = true;
  lines.addEventListener("scroll", () => {
    isAtEnd = lines.scrollTop + lines.clientHeight > lines.scrollHeight - nearlyPx;
  });
  const scrollToEnd = () => {
    lines.scrollTop = lines.scrollHeight;
  };

  const add = (line: ChatLine) => {
    empty.hidden = true;
    lines.hidden = false;
    const follows = last?.userId === line.userId && line.at.getTime() - last.at.getTime() < sameBreathMs;
    last = line;
    const time = line.at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const isSelf = line.userId === meeting.participants[0]?.userId;
    lines.append(
      h(
        "div",
        { class: isSelf ? "line own" : "line" },
        !follows &&
          h("header", {}, h("strong", {}, isSelf ? texts().stage.you : line.name), h("time", {}, time)),
        h("p", {}, ...linked(line.text)),
      ),
    );
    if (lines.childElementCount > mostChatLines) lines.firstElementChild?.remove();
    if (isAtEnd || isSelf) scrollToEnd();
  };
  lines.hidden = true;
  for (const line of meeting.chat) add(line);

  const submit = async (event: Event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === "") return;
    write("");
    // What could not be said is there to be sent again.
    if (!(await meeting.say(text)) && draft.text === "") write(text);
  };
  input.addEventListener("keydown", (event) => {
    // Enter that ends the composition of a Chinese word sends nothing.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) void submit(event);
  });
  const send = h(
    "button",
    { type: "submit", class: "icon-button", "aria-label": t.send, title: t.send },
    icon("send"),
  );
  const element = h(
    "div",
    { class: "chat" },
    empty,
    lines,
    h("form", { class: "chat-form", submit }, input, send),
  );
  // Once it has a size, and whenever it gets another one.
  const resized = new ResizeObserver(() => isAtEnd && scrollToEnd());
  resized.observe(lines);
  const stop = meeting.on("chat", add);
  return {
    element,
    dispose() {
      resized.disconnect();
      stop();
    },
  };
}

/** The text, with addresses of pages as links. */
function linked(text: string): (Node | string)[] {
  return text
    .split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/u)
    .map((part) =>
      /^https?:\/\//.test(part) && URL.canParse(part)
        ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part)
        : part,
    );
}

/** Shows a count on what opens the chat, and in its label. */
export function showUnread(opener: IconButton, badge: HTMLElement, count: number): void {
  const { chat, unread } = texts().controls;
  opener.show({ icon: "chat", label: count === 0 ? chat : `${chat}, ${unread(count)}` });
  badge.hidden = count === 0;
  setText(badge, count > 9 ? "9+" : String(count));
}
