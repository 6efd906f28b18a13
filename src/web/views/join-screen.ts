/**
 * Before the meeting: who one is, which room, and how one looks and sounds.
 */
import { maxIdLength, parseId } from "../../protocol/id.js";
import { fill, h, setAttribute, setText } from "../element.js";
import { icon } from "../icons.js";
import { texts } from "../language/language.js";
import type { Levels } from "../media/levels.js";
import type { LocalMedia } from "../media/local-media.js";
import type { Claims } from "../token.js";
import { iconButton } from "./button.js";
import { copyLinkButton } from "./copy-link.js";
import { deviceFields } from "./device-fields.js";
import { levelMeter } from "./level-meter.js";
import { masthead } from "./masthead.js";
import { cameraFace, microphoneFace } from "./media-faces.js";
import type { View } from "./view.js";

export interface JoinOptions {
  readonly media: LocalMedia;
  readonly levels: Levels;
  readonly name: string;
  readonly room: string;
  readonly claims: Claims | undefined;
  /** Whether somebody is on the way in already. */
  readonly joining: boolean;
  join(name: string, room: string): void;
  /** What has been typed so far, before the page is made anew in another language. */
  changeLanguage(name: string, room: string): void;
}

const longestName = 100;
/**
 * Names of some languages, and some emoji, need signs that join others; what turns text around would turn the
 * page's, too.
 */
const unusableInName = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]|^\p{Cf}*$/u;

export function joinScreen(options: JoinOptions): View {
  const { media, levels, claims } = options;
  const t = texts();

  // A name in the token is the one that the others see, whatever is typed.
  const isNamed = claims?.name !== undefined;
  const name = h("input", {
    id: "name",
    autocomplete: "name",
    required: true,
    maxlength: longestName,
    readonly: isNamed,
  });
  const room = h("input", {
    id: "room",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    maxlength: maxIdLength,
  });
  name.value = options.name;
  room.value = options.room;
  const complaint = h("p", { class: "complaint", id: "complaint", role: "alert" });
  const button = h("button", { type: "submit", class: "button primary large" }, t.join.button);

  const wait = () => {
    button.disabled = true;
    setText(button, t.join.joining);
  };
  if (options.joining) wait();
  const refuse = (input: HTMLInputElement, text: string) => {
    setText(complaint, text);
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", "complaint");
    input.focus();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    for (const input of [name, room]) input.removeAttribute("aria-invalid");
    const [chosenName, chosenRoom] = [name.value.trim(), room.value.trim()];
    if (chosenName === "") return refuse(name, t.join.needName);
    if (unusableInName.test(chosenName)) return refuse(name, t.join.badName);
    // One that comes with the link may be longer than could be typed.
    if (parseId(chosenRoom) === undefined) return refuse(room, t.join.badRoom);
    wait();
    options.join(chosenName, chosenRoom);
  };

  const preview = selfPreview(media, levels);
  const devices = deviceFields(media);
  const form = h(
    "form",
    { class: "join-form", submit, novalidate: true },
    h("h1", {}, t.join.heading),
    h("p", { class: "tagline quiet" }, t.tagline),
    h("label", { class: "field", for: "name" }, h("span", {}, t.join.name), name),
    h("label", { class: "field", for: "room" }, h("span", {}, t.join.room), room),
    claims?.isHost === true && h("p", { class: "note" }, icon("host"), t.join.asHost),
    complaint,
    button,
  );
  const invitation = h(
    "div",
    { class: "invitation" },
    h("small", {}, t.join.roomHint),
    copyLinkButton(
      () => room.value.trim(),
      () => setText(complaint, t.join.copyFailed),
    ),
  );
  const element = h(
    "div",
    { class: "join" },
    masthead(() => options.changeLanguage(name.value, room.value)),
    h(
      "main",
      { class: "join-main" },
      h(
        "section",
        { class: "preview-side", "aria-label": t.join.preview },
        preview.element,
        !media.synthetic && devices.element,
      ),
      h("div", { class: "join-side" }, form, invitation),
    ),
  );
  return {
    element,
    dispose() {
      preview.dispose();
      devices.dispose();
    },
  };
}

/** One's own picture as the others will see it, with switches and a level. */
function selfPreview(media: LocalMedia, levels: Levels): View {
  const t = texts();
  const video = h("video", { class: "mirrored", autoplay: true, playsinline: true, "aria-hidden": "true" });
  video.muted = true;
  const placeholder = h("p", { class: "preview-off" });
  const problems = h("div", { class: "problems", role: "status" });
  const microphone = iconButton(microphoneFace(media), () => media.toggleMicrophone());
  const camera = iconButton(cameraFace(media), () => media.toggleCamera());
  const meter = levelMeter(levels);
  const element = h(
    "div",
    { class: "preview" },
    h(
      "div",
      { class: "preview-picture" },
      video,
      placeholder,
      h("div", { class: "preview-switches" }, microphone.element, camera.element, meter.element),
    ),
    problems,
  );

  let shown: MediaStreamTrack | undefined;
  const update = () => {
    if (media.camera !== shown || video.srcObject === null) {
      shown = media.camera;
      video.srcObject = shown === undefined ? null : new MediaStream([shown]);
    }
    setAttribute(element, "data-picture", shown !== undefined);
    setText(placeholder, media.asking ? t.join.asking : t.join.cameraOff);
    microphone.show(microphoneFace(media));
    camera.show(cameraFace(media));
    const lines = [...media.problems].map(([role, problem]) =>
      h("p", {}, icon("warning"), t.devices[role][problem]),
    );
    if (lines.length === 2) lines.push(h("p", { class: "quiet" }, t.join.withoutDevices));
    if (media.synthetic) lines.push(h("p", { class: "quiet" }, t.join.synthetic));
    const text = lines.map(({ textContent }) => textContent).join("\n");
    if (problems.dataset["shown"] === text) return;
    problems.dataset["shown"] = text;
    fill(problems, ...lines);
  };
  update();
  const off = media.on("change", update);
  return {
    element,
    dispose() {
      off();
      meter.dispose();
      video.srcObject = null;
    },
  };
}
