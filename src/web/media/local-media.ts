/**
 * One's own camera, microphone and screen: what is on, what could be chosen, and what is wrong. A muted microphone stays
 * open and sends silence, so that unmuting is instant; a camera that is off is closed, so that its light goes out.
 */
import { Emitter } from "../../client/emitter.js";
import type { MediaRole } from "../../client/index.js";
import { recall, remember } from "../memory.js";
import { cameraSize } from "./camera-size.js";
import type { Levels } from "./levels.js";
import { type Problem, problemOf } from "./problem.js";
import { drawCamera, drawScreen, makeMicrophone } from "./synthetic.js";

type Device = "camera" | "microphone";

interface MediaEvents {
  change: [];
  /** Something went wrong that somebody should be told. */
  problem: [role: MediaRole, problem: Problem];
}

const clearSound = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class LocalMedia extends Emitter<MediaEvents> {
  /** What the others see; undefined: it is off. */
  camera: MediaStreamTrack | undefined;
  microphone: MediaStreamTrack | undefined;
  screen: MediaStreamTrack | undefined;
  /** Whether the browser is asking just now. */
  asking = false;
  muted = false;
  devices: readonly MediaDeviceInfo[] = [];
  readonly problems = new Map<MediaRole, Problem>();
  readonly synthetic: boolean;
  readonly #levels: Levels;
  readonly #chosen = new Map<Device, string | undefined>();
  #isOpen = false;
  /** How many get what is sent. */
  #others = 0;
  /** What is to be on when the devices are opened. */
  readonly #wanted = new Set<Device>(["camera", "microphone"]);

  constructor(levels: Levels, synthetic: boolean) {
    super();
    this.#levels = levels;
    this.synthetic = synthetic;
    this.#chosen.set("camera", recall("camera"));
    this.#chosen.set("microphone", recall("microphone"));
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#list());
  }

  /** Whether the others hear nothing. */
  get isSilent(): boolean {
    return this.muted || this.microphone === undefined;
  }

  /** Opens what was on when it was closed; at first both, at once if it can, so that the browser asks once. */
  async open(): Promise<void> {
    this.#isOpen = true;
    if (this.#wanted.size === 2 && (await this.#openTogether())) return;
    for (const device of this.#wanted) await this.turnOn(device);
    await this.#list();
  }

  async turnOn(device: Device): Promise<void> {
    this.#wanted.add(device);
    await this.#attempt(device, async () => {
      this.#take(device, this.synthetic ? this.#make(device) : await this.#ask(device));
    });
    await this.#list();
  }

  turnOff(device: Device): void {
    this.#wanted.delete(device);
    this.#drop(device);
    this.emit("change");
  }

  /** Sends a picture of a size that suits so many others. */
  suit(others: number): void {
    if (others === this.#others) return;
    this.#others = others;
    // A camera that can do nothing else goes on as it is.
    this.camera?.applyConstraints(cameraSize(others)).catch(() => {});
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    if (this.microphone !== undefined) this.microphone.enabled = !muted;
    this.emit("change");
  }

  toggleCamera(): void {
    if (this.camera === undefined) void this.turnOn("camera");
    else this.turnOff("camera");
  }

  toggleMicrophone(): void {
    const isThere = this.microphone !== undefined;
    this.setMuted(isThere && !this.muted);
    if (!isThere) void this.turnOn("microphone");
  }

  /** Takes another camera or microphone: now if it is on, or should be and could not, and from now on. */
  async choose(device: Device, deviceId: string): Promise<void> {
    this.#chosen.set(device, deviceId);
    remember(device, deviceId);
    if (!this.#wanted.has(device)) return;
    // Phones open one camera at a time.
    this.#drop(device);
    await this.turnOn(device);
  }

  chosen(device: Device): string | undefined {
    return this[device]?.getSettings().deviceId ?? this.#chosen.get(device);
  }

  static get canShareScreen(): boolean {
    return navigator.mediaDevices !== undefined && "getDisplayMedia" in navigator.mediaDevices;
  }

  async shareScreen(): Promise<void> {
    await this.#attempt("screen", async () => {
      const [track] = this.synthetic
        ? [drawScreen()]
        : (
            await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } } })
          ).getVideoTracks();
      // Granted when the meeting has ended: nobody is to be watched unawares.
      if (!this.#isOpen) return track?.stop();
      // The browser has a button of its own to stop it.
      track?.addEventListener("ended", () => this.stopSharing());
      if (track !== undefined) track.contentHint = "detail";
      this.screen = track;
    });
  }

  stopSharing(): void {
    this.screen?.stop();
    this.screen = undefined;
    this.emit("change");
  }

  /** Lets go of all devices. What was on is on again when they are opened. */
  close(): void {
    this.#isOpen = false;
    for (const track of [this.camera, this.microphone, this.screen]) track?.stop();
    this.#levels.watch("self", undefined);
    this.camera = this.microphone = this.screen = undefined;
    this.problems.clear();
  }

  async #openTogether(): Promise<boolean> {
    if (this.synthetic || navigator.mediaDevices === undefined) return false;
    this.asking = true;
    this.emit("change");
    try {
      const request = { video: this.#request("camera"), audio: this.#request("microphone") };
      const stream = await navigator.mediaDevices.getUserMedia(request);
      const [camera, microphone] = [stream.getVideoTracks()[0], stream.getAudioTracks()[0]];
      if (camera !== undefined) this.#take("camera", camera);
      if (microphone !== undefined) this.#take("microphone", microphone);
      return true;
    } catch {
      // One may be there without the other: each is asked for, and tells what is wrong with it.
      return false;
    } finally {
      this.asking = false;
      await this.#list();
    }
  }

  async #attempt(role: MediaRole, action: () => Promise<void>): Promise<void> {
    this.problems.delete(role);
    try {
      await action();
    } catch (error) {
      const problem = problemOf(error);
      this.problems.set(role, problem);
      this.emit("problem", role, problem);
    }
    this.emit("change");
  }

  async #ask(device: Device): Promise<MediaStreamTrack> {
    const kind = device === "camera" ? "video" : "audio";
    const stream = await navigator.mediaDevices.getUserMedia({ [kind]: this.#request(device) });
    const [track] = stream.getTracks();
    if (track === undefined) throw new DOMException("no track", "NotFoundError");
    return track;
  }

  #request(device: Device): MediaTrackConstraints {
    const deviceId = this.#chosen.get(device);
    const wanted = device === "camera" ? cameraSize(this.#others) : clearSound;
    return { ...wanted, ...(deviceId !== undefined && { deviceId: { ideal: deviceId } }) };
  }

  #make(device: Device): MediaStreamTrack {
    return device === "camera" ? drawCamera(String(Math.random())) : makeMicrophone(this.#levels.context);
  }

  #take(device: Device, track: MediaStreamTrack): void {
    // Granted when nobody waits for it any more: its light must not stay on.
    if (!this.#isOpen) {
      track.stop();
      return;
    }
    this.#drop(device);
    this.problems.delete(device);
    this[device] = track;
    if (device === "microphone") {
      track.enabled = !this.muted;
      this.#levels.watch("self", track);
    }
    track.addEventListener("ended", () => {
      if (this[device] !== track) return;
      this.#drop(device);
      this.problems.set(device, "gone");
      this.emit("problem", device, "gone");
      this.emit("change");
    });
  }

  #drop(device: Device): void {
    const track = this[device];
    this[device] = undefined;
    track?.stop();
    if (device === "microphone") this.#levels.watch("self", undefined);
  }

  async #list(): Promise<void> {
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    this.devices = devices.filter(({ deviceId }) => deviceId !== "");
    this.emit("change");
  }
}
