/**
 * The page's icons: strokes on a grid of 24. They are decoration; what stands beside them, or the button's label, has
 * the meaning.
 */
const paths = {
  microphone: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
  microphoneOff:
    "M9 9v2a3 3 0 0 0 4.6 2.5M15 11V6a3 3 0 0 0-5.7-1.3M6 11a6 6 0 0 0 9.6 4.8M18 11c0 .9-.2 1.7-.5 2.4M12 17v4M4 4l16 16",
  camera: "M4 7h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2zM15 11l6-3.5v9L15 13",
  cameraOff:
    "M9 7h4a2 2 0 0 1 2 2v4M15 15a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2M15 11l6-3.5v9l-3-1.7M3 3l18 18",
  screen:
    "M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM9 21h6M12 14V8.5M9.5 10.5 12 8l2.5 2.5",
  hand: "M8 12.5V6.2a1.4 1.4 0 0 1 2.8 0V11M10.8 10.5V4.6a1.4 1.4 0 0 1 2.8 0V11M13.6 10.8V6a1.4 1.4 0 0 1 2.8 0v5.6M16.4 9a1.4 1.4 0 0 1 2.8 0v5a7 7 0 0 1-7 7c-2.6 0-4.3-1-5.6-3l-3-4.8a1.5 1.5 0 0 1 2.4-1.7L8 14",
  chat: "M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM8 9h8M8 12.5h5",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.6 2.7-6 6.5-6s6.5 2.4 6.5 6M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.6c2.2.8 3.5 2.8 3.5 5.4",
  engineer: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14",
  leave:
    "M3.5 15.5c-1-1-1-2.8.3-3.9 4.5-3.8 11.9-3.8 16.4 0 1.3 1.1 1.3 2.9.3 3.9l-.8.8a1 1 0 0 1-1.2.2l-2.7-1.4a1 1 0 0 1-.5-1.1l.3-1.6a12 12 0 0 0-7.2 0l.3 1.6a1 1 0 0 1-.5 1.1L5.5 16.5a1 1 0 0 1-1.2-.2z",
  copy: "M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1zM5 15H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  lock: "M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1zM8 11V7.5a4 4 0 0 1 8 0V11",
  unlock:
    "M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1zM8 11V7.5a4 4 0 0 1 7.7-1.5",
  close: "M6 6l12 12M18 6 6 18",
  settings:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM9 19.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  host: "M12 3l7 3v5c0 4.5-2.8 8.2-7 10-4.2-1.8-7-5.5-7-10V6zM9 12l2.2 2.2L15.2 10",
  remove:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.6 2.7-6 6.5-6s6.5 2.4 6.5 6M16.5 8.5l5 5M21.5 8.5l-5 5",
  send: "M4 12 20.5 4 15 20.5l-3.5-7zM11.5 13.5l4-4.5",
  warning: "M12 3.5 22 20.5H2zM12 10v4.5M12 17.5h.01",
} as const;

export type IconName = keyof typeof paths;

export function icon(name: IconName): SVGSVGElement {
  return decoration("icon", "0 0 24 24", shape("path", { d: paths[name] }));
}

/** Four bars, of which `strength` are full. */
export function signalBars(strength: number): SVGSVGElement {
  const bars = [0, 1, 2, 3].map((bar) => {
    const height = 3 + bar * 3;
    const place = { x: bar * 4, y: 12 - height, width: 3, height, rx: 1 };
    return shape("rect", { ...place, class: bar < strength ? "full" : "empty" });
  });
  return decoration("bars", "0 0 16 12", ...bars);
}

function decoration(name: string, viewBox: string, ...shapes: readonly SVGElement[]): SVGSVGElement {
  const element = shape("svg", { viewBox, class: name, "aria-hidden": "true" });
  element.append(...shapes);
  return element;
}

function shape<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value));
  return element;
}
