/**
 * The page's course: form, meeting, ending, and back. One screen is shown at a time, and made anew when the language
 * changes.
 */
import { fill } from "./element.js";
import { declareLanguage, texts } from "./language/language.js";
import { type Link, newRoom, showRoom } from "./link.js";
import { Levels } from "./media/levels.js";
import { LocalMedia } from "./media/local-media.js";
import type { Ending, Meeting } from "./meeting/meeting.js";
import { recall, remember } from "./memory.js";
import { endingScreen } from "./views/ending-screen.js";
import { joinScreen } from "./views/join-screen.js";
import { meetingScreen } from "./views/meeting-screen.js";
import type { View } from "./views/view.js";

export interface Entry {
  readonly link: Link;
  readonly name: string;
  readonly room: string;
  readonly media: LocalMedia;
  readonly levels: Levels;
}

/** Resolves when one is in. @throws an Ending. */
export type Enter = (entry: Entry) => Promise<Meeting>;

export class App {
  readonly #root: HTMLElement;
  readonly #link: Link;
  readonly #enter: Enter;
  readonly #levels = new Levels();
  readonly #media: LocalMedia;
  #view: View | undefined;
  #name: string;
  #room: string;
  #joining = false;

  constructor(root: HTMLElement, link: Link, enter: Enter) {
    this.#root = root;
    this.#link = link;
    this.#enter = enter;
    this.#media = new LocalMedia(this.#levels, link.synthetic);
    this.#name = link.claims?.name ?? recall("name") ?? "";
    this.#room = link.room ?? newRoom();
    declareLanguage();
  }

  start(): void {
    this.#showForm();
    void this.#media.open();
  }

  #showForm(): void {
    const view = joinScreen({
      media: this.#media,
      levels: this.#levels,
      name: this.#name,
      room: this.#room,
      claims: this.#link.claims,
      joining: this.#joining,
      join: (name, room) => void this.#join(name, room),
      changeLanguage: (name, room) => {
        this.#name = name;
        this.#room = room;
        this.#showForm();
      },
    });
    this.#show(view, this.#name === "" ? "#name" : ".join-form button");
  }

  async #join(name: string, room: string): Promise<void> {
    this.#joining = true;
    this.#name = name;
    this.#room = room;
    remember("name", name);
    showRoom(room);
    const entry = { link: this.#link, name, room, media: this.#media, levels: this.#levels };
    let meeting: Meeting;
    try {
      meeting = await this.#enter(entry);
    } catch (ending) {
      this.#showEnding(ending as Ending);
      return;
    }
    this.#showMeeting(meeting);
  }

  #showMeeting(meeting: Meeting): void {
    this.#joining = false;
    const show = () => {
      const view = meetingScreen({
        meeting,
        media: this.#media,
        levels: this.#levels,
        changeLanguage: show,
      });
      this.#show(view, ".room-name");
      document.title = `${meeting.roomId} · ${texts().title}`;
    };
    show();
    meeting.on("ended", (ending) => this.#showEnding(ending));
  }

  #showEnding(ending: Ending): void {
    this.#joining = false;
    this.#media.close();
    const again = () => {
      void this.#media.open();
      void this.#join(this.#name, this.#room);
    };
    const start = () => {
      if (this.#link.room === undefined) this.#room = newRoom();
      this.start();
    };
    const show = () => {
      const view = endingScreen({ ending, joining: this.#joining, again, start, changeLanguage: show });
      this.#show(view, "h1");
    };
    show();
  }

  /** @param focus - what a keyboard goes on from. */
  #show(view: View, focus: string): void {
    // They end what they have under way when they are closed, and only then.
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    for (const card of document.querySelectorAll<HTMLElement>("[popover]")) card.hidePopover?.();
    this.#view?.dispose();
    this.#view = view;
    fill(this.#root, view.element);
    document.title = texts().title;
    view.element.querySelector<HTMLElement>(focus)?.focus({ preventScroll: true });
  }
}
