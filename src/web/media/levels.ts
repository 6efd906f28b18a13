/**
 * How loud everyone is, by Web Audio.
 */

/** Someone louder than this is speaking. */
const speakingLevel = 0.12;
/** Speech has gaps: who spoke so recently still does. */
const holdMs = 600;

interface Meter {
  readonly track: MediaStreamTrack;
  readonly source: MediaStreamAudioSourceNode;
  readonly analyser: AnalyserNode;
  readonly samples: Float32Array<ArrayBuffer>;
  spokeAt: number;
}

export class Levels {
  readonly context = new AudioContext();
  readonly #meters = new Map<string, Meter>();

  constructor() {
    // Browsers let no sound pass before somebody has touched the page.
    const resume = () => void this.context.resume();
    for (const event of ["pointerdown", "keydown"])
      document.addEventListener(event, resume, { capture: true, passive: true });
  }

  /** Listens to this track under this name; undefined ends it. */
  watch(name: string, track: MediaStreamTrack | undefined): void {
    const known = this.#meters.get(name);
    if (known?.track === track) return;
    known?.source.disconnect();
    this.#meters.delete(name);
    if (track === undefined) return;
    const source = this.context.createMediaStreamSource(new MediaStream([track]));
    const analyser = new AnalyserNode(this.context, { fftSize: 512 });
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#meters.set(name, { track, source, analyser, samples, spokeAt: Number.NEGATIVE_INFINITY });
  }

  /** From 0, silence, to 1, as loud as it gets; in between as ears hear it. */
  read(name: string): number {
    const meter = this.#meters.get(name);
    if (meter === undefined || !meter.track.enabled || meter.track.muted) return 0;
    meter.analyser.getFloatTimeDomainData(meter.samples);
    const power = meter.samples.reduce((sum, sample) => sum + sample * sample, 0) / meter.samples.length;
    const decibels = 10 * Math.log10(power + 1e-10);
    const level = Math.min(1, Math.max(0, (decibels + 60) / 50));
    if (level > speakingLevel) meter.spokeAt = performance.now();
    return level;
  }

  isSpeaking(name: string): boolean {
    this.read(name);
    return performance.now() - (this.#meters.get(name)?.spokeAt ?? Number.NEGATIVE_INFINITY) < holdMs;
  }
}
