/**
 * A picture that is drawn and a tone that is made, in place of camera and microphone: for trying the page in two tabs,
 * and for machines without devices.
 */

const cameraSize = { width: 640, height: 360 };
/** Quiet, because two tabs on one machine hear each other. */
const loudness = 0.05;
const goldenAngle = 137.508;

/** A figure on a coloured ground that sways, with the time of day as proof that the picture moves. */
export function drawCamera(seed: string): MediaStreamTrack {
  const hue = hueOf(seed);
  return animate(cameraSize, 15, (context, now) => drawFigure(context, hue, now));
}

/** A colour for somebody, always the same. */
export function hueOf(seed: string): number {
  let hash = 7;
  for (const letter of seed) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 100_003;
  // Ids that are next to each other get colours that are not.
  return Math.round(hash * goldenAngle) % 360;
}

function drawFigure(context: CanvasRenderingContext2D, hue: number, now: number): void {
  const { width, height } = context.canvas;
  const ground = context.createLinearGradient(0, 0, width, height);
  ground.addColorStop(0, `hsl(${hue} 32% 74%)`);
  ground.addColorStop(1, `hsl(${hue + 40} 36% 52%)`);
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  const sway = Math.sin(now / 900 + hue) * 8;
  const nod = Math.sin(now / 600 + hue) * 4;
  context.fillStyle = `hsl(${hue + 15} 30% 30%)`;
  context.beginPath();
  context.ellipse(width / 2 + sway * 0.4, height + 40, 150, 165, 0, 0, Math.PI * 2);
  context.fill();
  context.fillStyle = `hsl(${hue + 15} 26% 38%)`;
  context.beginPath();
  context.ellipse(width / 2 + sway, 150 + nod, 62, 74, 0, 0, Math.PI * 2);
  context.fill();
  context.fillStyle = "rgb(255 255 255 / 0.85)";
  context.font = "600 18px ui-monospace, monospace";
  context.textAlign = "center";
  context.fillText(new Date(now).toTimeString().slice(0, 8), width / 2, 38);
}

/** Soft tones with pauses, as speech has them. Ends with its track. */
export function makeMicrophone(context: AudioContext): MediaStreamTrack {
  const oscillator = new OscillatorNode(context, { frequency: 196 });
  const gain = new GainNode(context, { gain: 0 });
  const destination = new MediaStreamAudioDestinationNode(context);
  oscillator.connect(gain).connect(destination);
  oscillator.start();
  const [track] = destination.stream.getAudioTracks();
  if (track === undefined) throw new DOMException("no audio", "NotFoundError");
  const timer = setInterval(() => {
    if (track.readyState === "ended") {
      clearInterval(timer);
      oscillator.stop();
    } else {
      const speaks = Math.random() < 0.5;
      gain.gain.setTargetAtTime(speaks ? loudness : 0, context.currentTime, 0.08);
      oscillator.frequency.setTargetAtTime(170 + Math.random() * 80, context.currentTime, 0.1);
    }
  }, 700);
  return track;
}

/** A page with bars that grow and shrink, in place of a screen. */
export function drawScreen(): MediaStreamTrack {
  return animate({ width: 1280, height: 720 }, 5, drawSlide);
}

/** Draws at once, and again and again until the track ends. */
function animate(
  size: { readonly width: number; readonly height: number },
  framesPerSecond: number,
  draw: (context: CanvasRenderingContext2D, now: number) => void,
): MediaStreamTrack {
  const canvas = Object.assign(document.createElement("canvas"), size);
  const context = canvas.getContext("2d");
  const [track] = canvas.captureStream(framesPerSecond).getVideoTracks();
  if (context === null || track === undefined) throw new DOMException("no canvas", "NotFoundError");
  const timer = setInterval(() => {
    if (track.readyState === "ended") clearInterval(timer);
    else draw(context, Date.now());
  }, 1000 / framesPerSecond);
  draw(context, Date.now());
  return track;
}

function drawSlide(context: CanvasRenderingContext2D, now: number): void {
  const { width, height } = context.canvas;
  context.fillStyle = "#fbfaf7";
  context.fillRect(0, 0, width, height);
  context.fillStyle = "#1d2b28";
  context.font = "600 44px system-ui, sans-serif";
  context.fillText("Signaling, not media", 96, 140);
  context.fillStyle = "#0d6b5b";
  context.fillRect(96, 168, 120, 5);
  for (let bar = 0; bar < 12; bar += 1) {
    const tall = 120 + 110 * Math.sin(bar * 0.7 + now / 1500) + bar * 12;
    context.fillStyle = bar % 3 === 0 ? "#0d6b5b" : "#b9d3cb";
    context.fillRect(96 + bar * 90, height - 90 - tall, 58, tall);
  }
}
