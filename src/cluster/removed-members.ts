/**
 * Who has been taken out of places against their will, as Redis has it: it takes them out, and remembers whether that
 * has been announced, so that each departure is announced once (I4) though the node that did it may fail meanwhile.
 */
import type { Place } from "../protocol/place.js";
import type { Driver } from "./driver.js";
import { banKey } from "./keys.js";
import { memberJson, type Reaped } from "./rooms.js";
import { announceScript } from "./scripts/announce.js";
import { removeScript } from "./scripts/remove.js";
import { mostAtOnce, newestTtlMs, roomKeys } from "./scripts/script.js";

export interface Removed extends Reaped {
  readonly address: string;
}

export class RemovedMembers {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /**
   * Takes one member, or all, out of a place, whatever node they are on; they are to be told, and the others.
   * As many as `mostAtOnce` means that there may be more.
   *
   * @param bannedMs - for how long the one cannot come back; 0 changes nothing about that.
   */
  async remove(place: Place, userId: string | undefined, bannedMs: number): Promise<Removed[]> {
    const keys = [...roomKeys(place), banKey(place, userId ?? "")];
    const reply = (await this.#driver.run(removeScript, keys, [
      userId ?? "",
      String(mostAtOnce),
      String(newestTtlMs),
      String(bannedMs),
    ])) as (string | number)[];
    const removed: Removed[] = [];
    for (let i = 0; i + 3 < reply.length; i += 4) {
      const removedId = String(reply[i]);
      removed.push({
        userId: removedId,
        json: memberJson(place, removedId, reply[i + 1]),
        address: String(reply[i + 2]),
        version: Number(reply[i + 3]),
      });
    }
    return removed;
  }

  /** Lets a user back in who is kept out; false if it was not. */
  liftBan(place: Place, userId: string): Promise<boolean> {
    return this.#driver.delete(banKey(place, userId));
  }

  /**
   * Takes it upon the caller to announce the departure of a session that was removed, if nobody has, and nobody came after
   * it. Returns the version as of which to do so; 0 if there is nothing to announce.
   */
  async claimAnnouncement(place: Place, userId: string, address: string): Promise<number> {
    return Number(await this.#driver.run(announceScript, roomKeys(place), [userId, address, "1"]));
  }

  async noteAnnounced(place: Place, userId: string, address: string): Promise<void> {
    await this.#driver.run(announceScript, roomKeys(place), [userId, address, "0"]);
  }
}
