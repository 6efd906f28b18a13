/**
 * What the connection to one participant is like, in figures, as long as the card is open.
 */
import { h } from "../element.js";
import { texts } from "../language/language.js";
import type { Participant, Quality } from "../meeting/meeting.js";
import { createFigures, type Fact } from "./figures.js";

const everyMs = 1000;
const marginPx = 8;

/** Made when its button is pressed, whose popover it is: the browser opens it then, and closes it at the next press. */
export function makeQualityCard(
  button: HTMLButtonElement,
  { name }: Participant,
  read: () => Quality | undefined,
): void {
  if (button.popoverTargetElement !== null) return;
  const t = texts().quality;
  const figures = createFigures();
  const card = h(
    "div",
    {
      class: "card quality-card",
      popover: "auto",
      role: "dialog",
      "aria-label": t.heading(name),
      tabindex: -1,
      autofocus: true,
    },
    h("h3", {}, t.heading(name)),
    figures.element,
  );
  const update = () => figures.show(factsOf(read()));
  update();
  const timer = setInterval(update, everyMs);
  card.addEventListener("toggle", (event) => {
    if ((event as ToggleEvent).newState === "open") return placeBelow(button, card);
    clearInterval(timer);
    button.popoverTargetElement = null;
    card.remove();
  });
  document.body.append(card);
  button.popoverTargetElement = card;
}

function placeBelow(button: HTMLElement, card: HTMLElement): void {
  const { right, bottom } = button.getBoundingClientRect();
  const left = Math.max(marginPx, right - card.offsetWidth);
  const top = Math.min(bottom + marginPx, innerHeight - card.offsetHeight - marginPx);
  Object.assign(card.style, { left: `${left}px`, top: `${top}px` });
}

function factsOf(quality: Quality | undefined): readonly Fact[] {
  const t = texts().quality;
  const { receivingKbps, sendingKbps, loss, roundTripMs, picture, framesDecoded, relayed } = quality ?? {};
  return [
    [t.receiving, kilobits(receivingKbps)],
    [t.sending, kilobits(sendingKbps)],
    [t.loss, percent(loss)],
    [t.roundTrip, milliseconds(roundTripMs)],
    [t.picture, picture && t.frames(picture.width, picture.height, Math.round(picture.rate))],
    [t.decoded, framesDecoded?.toString()],
    [t.path, relayed === undefined ? undefined : relayed ? t.relayed : t.direct],
  ];
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
