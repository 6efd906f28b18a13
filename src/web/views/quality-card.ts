/**
 * What the connection to one participant is like, in figures, as long as the card is open.
 */
import { fill, h } from "../element.js";
import { texts } from "../language/language.js";
import type { Participant, Quality } from "../meeting/meeting.js";

const everyMs = 1000;
const marginPx = 8;

/** Opens beside the element that asks for it. */
export function openQualityCard(
  anchor: HTMLElement,
  { name }: Participant,
  read: () => Quality | undefined,
): void {
  const t = texts().quality;
  const list = h("dl", { class: "figures" });
  const card = h(
    "div",
    { class: "card quality-card", popover: "auto", role: "dialog", "aria-label": t.heading(name) },
    h("h3", {}, t.heading(name)),
    list,
  );
  const update = () => fill(list, ...rows(read()));
  update();
  const timer = setInterval(update, everyMs);
  card.addEventListener("toggle", (event) => {
    if ((event as ToggleEvent).newState !== "closed") return;
    clearInterval(timer);
    card.remove();
  });
  document.body.append(card);
  card.showPopover();
  const { right, bottom } = anchor.getBoundingClientRect();
  const left = Math.max(marginPx, right - card.offsetWidth);
  const top = Math.min(bottom + marginPx, innerHeight - card.offsetHeight - marginPx);
  Object.assign(card.style, { left: `${left}px`, top: `${top}px` });
}

function rows(quality: Quality | undefined): Node[] {
  const t = texts().quality;
  const { receivingKbps, sendingKbps, loss, roundTripMs, picture, framesDecoded, relayed } = quality ?? {};
  const facts: readonly (readonly [string, string | undefined])[] = [
    [t.receiving, kilobits(receivingKbps)],
    [t.sending, kilobits(sendingKbps)],
    [t.loss, percent(loss)],
    [t.roundTrip, milliseconds(roundTripMs)],
    [t.picture, picture && t.frames(picture.width, picture.height, Math.round(picture.rate))],
    [t.decoded, framesDecoded?.toString()],
    [t.path, relayed === undefined ? undefined : relayed ? t.relayed : t.direct],
  ];
  return facts.flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value ?? "–")]);
}

function kilobits(kbps: number | undefined): string | undefined {
  if (kbps === undefined) return undefined;
  return kbps >= 1000 ? `${(kbps / 1000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`;
}

export function percent(share: number | undefined): string | undefined {
  return share === undefined ? undefined : `${(share * 100).toFixed(1)} %`;
}

export function milliseconds(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
