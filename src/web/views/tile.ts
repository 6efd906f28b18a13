/**
 * One participant, or one screen that is shared.
 */
import { h, setAttribute, setText } from "../element.js";
import { icon, signalBars } from "../icons.js";
import { texts } from "../language/language.js";
import { hueOf } from "../media/synthetic.js";
import type { Participant, Quality } from "../meeting/meeting.js";
import { makeQualityCard } from "./quality-card.js";

export class Tile {
  readonly element: HTMLLIElement;
  #participant: Participant;
  #strength: number | undefined;
  readonly #isScreen: boolean;
  readonly #readQuality: () => Quality | undefined;
  readonly #video = h("video", { autoplay: true, playsinline: true, "aria-hidden": "true" });
  readonly #avatar = h("span", { class: "avatar", "aria-hidden": "true" });
  readonly #name = h("span", { class: "tile-name" });
  readonly #muted = h("span", { class: "tile-muted" }, icon("microphoneOff"));
  readonly #hand = h("span", { class: "tile-hand" }, icon("hand"));
  readonly #status = h("span", { class: "tile-status" });
  readonly #bars: HTMLButtonElement;

  constructor(participant: Participant, isScreen: boolean, readQuality: () => Quality | undefined) {
    this.#participant = participant;
    this.#isScreen = isScreen;
    this.#readQuality = readQuality;
    // Sound comes by elements of its own: pictures come and go.
    this.#video.muted = true;
    this.#bars = h("button", {
      type: "button",
      class: "tile-bars",
      click: () => makeQualityCard(this.#bars, this.#participant, readQuality),
    });
    this.element = h(
      "li",
      { class: isScreen ? "tile screen" : "tile" },
      this.#avatar,
      this.#video,
      h("span", { class: "tile-label" }, this.#muted, this.#name),
      this.#hand,
      this.#status,
      !isScreen && !participant.isSelf && this.#bars,
    );
    this.element.style.setProperty("--hue", String(hueOf(participant.userId)));
    this.update(participant);
    this.updateQuality();
  }

  update(participant: Participant): void {
    this.#participant = participant;
    const t = texts().stage;
    const { name, isSelf, isHost, muted, handRaised, camera, screen, connection } = participant;
    const stream = this.#isScreen ? screen : camera;
    showStream(this.#video, stream);
    setAttribute(this.element, "data-picture", stream !== undefined);
    this.#video.classList.toggle("mirrored", isSelf && !this.#isScreen);
    setText(this.#avatar, initials(name));
    const title = this.#titleOf(participant);
    setText(this.#name, title);
    this.#muted.hidden = this.#isScreen || !muted;
    this.#hand.hidden = this.#isScreen || !handRaised;
    this.#status.hidden = connection === "connected";
    setText(this.#status, connection === "lost" ? t.lost : t.connecting);
    const signs = [
      isHost && t.host,
      muted ? t.muted : t.unmuted,
      camera === undefined && t.cameraOff,
      handRaised && t.handRaised,
    ];
    const label = [title, ...(this.#isScreen ? [] : signs)].filter(Boolean).join(", ");
    setAttribute(this.element, "aria-label", label);
  }

  set speaking(speaking: boolean) {
    this.element.classList.toggle("speaking", speaking);
  }

  /** Only where it changed: what is replaced under a finger gets no click. */
  updateQuality(): void {
    if (this.#participant.isSelf || this.#isScreen) return;
    const strength = this.#readQuality()?.strength;
    // Not known yet is not bad.
    this.#bars.hidden = strength === undefined;
    if (strength === undefined || strength === this.#strength) return;
    this.#strength = strength;
    const t = texts().quality;
    this.#bars.replaceChildren(signalBars(strength));
    this.#bars.setAttribute("aria-label", t.label(this.#participant.name, t.words[strength] ?? ""));
    this.#bars.dataset["strength"] = String(strength);
  }

  dispose(): void {
    this.#video.srcObject = null;
    this.element.remove();
  }

  #titleOf({ name, isSelf }: Participant): string {
    const t = texts().stage;
    if (this.#isScreen) return isSelf ? t.yourScreen : t.screenOf(name);
    return isSelf ? t.you : name;
  }
}

/** The same tracks are the same picture: setting it again would make it flicker. */
export function showStream(element: HTMLMediaElement, stream: MediaStream | undefined): void {
  const shown = element.srcObject instanceof MediaStream ? element.srcObject : undefined;
  const [now] = stream?.getTracks() ?? [];
  if (shown?.getTracks()[0] === now && (shown === undefined) === (stream === undefined)) return;
  element.srcObject = stream ?? null;
}

/** One or two letters; of names without spaces, such as Chinese ones, the last sign. */
function initials(name: string): string {
  if (/\p{Script=Han}/u.test(name)) return [...name].at(-1) ?? "";
  const words = name.match(/[\p{L}\p{N}]\S*/gu) ?? [name];
  const [first = ""] = words;
  const letters = words.length > 1 ? [first, words.at(-1) ?? ""] : [first];
  return letters.map((word) => [...word][0]?.toUpperCase() ?? "").join("");
}
