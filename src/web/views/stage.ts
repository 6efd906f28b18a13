/**
 * Everyone's pictures: in a grid, or beside a screen that is shared. Plays everyone's sound.
 */
import { h, setText } from "../element.js";
import { texts } from "../language/language.js";
import type { Levels } from "../media/levels.js";
import type { Meeting, Participant } from "../meeting/meeting.js";
import { arrange } from "./grid.js";
import { showStream, Tile } from "./tile.js";
import type { View } from "./view.js";

/** More than these make a screen of stamps. */
const mostTiles = 25;
const speakingEveryMs = 120;
const qualityEveryMs = 2000;

interface Stage extends View {
  update(): void;
}

/** @param soundHeldBack - told when the browser does not let sound play before the page is touched. */
export function createStage(
  meeting: Meeting,
  levels: Levels,
  soundHeldBack: (play: () => void) => void,
): Stage {
  const list = h("ul", { class: "tiles", "aria-label": texts().stage.label });
  const more = h("p", { class: "stage-more" });
  const element = h("div", { class: "stage" }, list, more);
  const tiles = new Map<string, Tile>();
  const sounds = new Map<string, HTMLAudioElement>();

  const layOut = () => {
    const { clientWidth: width, clientHeight: height } = list;
    const gapPx = Number.parseFloat(getComputedStyle(list).gap) || 0;
    const grid = arrange(Math.max(1, tiles.size), width, height, gapPx);
    list.style.setProperty("--tile-width", `${grid.width}px`);
    list.style.setProperty("--tile-height", `${grid.height}px`);
    list.style.setProperty("--stage-width", `${width}px`);
    list.style.setProperty("--stage-height", `${height}px`);
    list.style.setProperty("--others", String(tiles.size - 1));
  };

  const update = () => {
    const wanted = new Map<string, readonly [Participant, isScreen: boolean]>();
    for (const participant of meeting.participants)
      if (participant.screen !== undefined) wanted.set(`screen ${participant.userId}`, [participant, true]);
    const isSharing = wanted.size > 0;
    for (const participant of meeting.participants.slice(0, mostTiles))
      wanted.set(participant.userId, [participant, false]);

    for (const [key, tile] of tiles)
      if (!wanted.has(key)) {
        tile.dispose();
        tiles.delete(key);
      }
    let index = 0;
    for (const [key, [participant, isScreen]] of wanted) {
      const known = tiles.get(key);
      const tile = known ?? new Tile(participant, isScreen, () => meeting.quality(participant.userId));
      tiles.set(key, tile);
      known?.update(participant);
      // Moving an element that is in its place already would stop its picture for a moment.
      if (list.children[index] !== tile.element)
        list.insertBefore(tile.element, list.children[index] ?? null);
      index += 1;
    }
    element.classList.toggle("sharing", isSharing);
    const hidden = meeting.participants.length - mostTiles;
    more.hidden = hidden <= 0;
    setText(more, texts().stage.hidden(hidden));
    updateSounds();
    layOut();
  };

  const updateSounds = () => {
    const heard = meeting.participants.filter(({ isSelf }) => !isSelf);
    for (const [userId, sound] of sounds)
      if (!heard.some((participant) => participant.userId === userId)) {
        sound.srcObject = null;
        sound.remove();
        sounds.delete(userId);
      }
    for (const { userId, microphone } of heard) {
      const sound = sounds.get(userId) ?? h("audio", { autoplay: true });
      if (!sounds.has(userId)) element.append(sound);
      sounds.set(userId, sound);
      const before = sound.srcObject;
      showStream(sound, microphone);
      if (sound.srcObject !== before && sound.srcObject !== null) sound.play().catch(heldBack);
    }
  };
  const heldBack = (error: unknown) => {
    if (!(error instanceof DOMException && error.name === "NotAllowedError")) return;
    soundHeldBack(() => {
      for (const sound of sounds.values()) void sound.play().catch(() => {});
    });
  };

  const resized = new ResizeObserver(layOut);
  resized.observe(list);
  const self = meeting.participants[0]?.userId;
  const speaking = setInterval(() => {
    for (const [key, tile] of tiles) tile.speaking = levels.isSpeaking(key === self ? "self" : key);
  }, speakingEveryMs);
  const quality = setInterval(() => {
    for (const tile of tiles.values()) tile.updateQuality();
  }, qualityEveryMs);
  update();

  return {
    element,
    update,
    dispose() {
      resized.disconnect();
      clearInterval(speaking);
      clearInterval(quality);
      for (const tile of tiles.values()) tile.dispose();
      for (const sound of sounds.values()) sound.srcObject = null;
    },
  };
}
