/**
 * What goes on behind the meeting, for whoever wants to know: the node, the connections, and every envelope.
 */
import { fill, h } from "../element.js";
import { texts } from "../language/language.js";
import type { LogEntry, Meeting } from "../meeting/meeting.js";
import { textButton } from "./button.js";
import { createFigures, type Fact } from "./figures.js";
import { milliseconds, percent } from "./quality-card.js";
import type { View } from "./view.js";

const everyMs = 2000;
const mostShown = 200;

export function engineerPanel(meeting: Meeting): View {
  const t = texts().engineer;
  const figures = createFigures();
  const peers = h("div", { class: "peer-table", tabindex: 0, role: "group", "aria-label": t.peers });
  const log = h("ol", { class: "log", "aria-label": t.log, tabindex: 0 });
  let roundTripMs: number | undefined;
  let paused = false;

  const update = () => {
    figures.show(factsOf(meeting, roundTripMs));
    fill(peers, peerTable(meeting));
  };
  const measure = async () => {
    roundTripMs = await meeting.measureRoundTrip();
    update();
  };
  const add = (entry: LogEntry) => {
    if (paused) return;
    log.prepend(logLine(entry));
    if (log.children.length > mostShown) log.lastElementChild?.remove();
  };
  for (const entry of meeting.log.slice(-mostShown)) add(entry);
  update();
  void measure();
  const timer = setInterval(() => void measure(), everyMs);
  const stopListening = [meeting.on("change", update), meeting.on("log", add)];

  const pause: HTMLButtonElement = textButton(t.pause, () => {
    paused = !paused;
    pause.textContent = paused ? t.resume : t.pause;
  });
  const clear = textButton(t.clear, () => {
    meeting.clearLog();
    fill(log);
  });
  const element = h(
    "div",
    { class: "engineer" },
    h("h3", {}, t.signaling),
    figures.element,
    h("h3", {}, t.peers),
    peers,
    h("div", { class: "log-head" }, h("h3", {}, t.log), pause, clear),
    h("p", { class: "quiet" }, t.logHint),
    log,
  );
  return {
    element,
    dispose() {
      clearInterval(timer);
      for (const stop of stopListening) stop();
    },
  };
}

function factsOf(meeting: Meeting, roundTripMs: number | undefined): readonly Fact[] {
  const t = texts().engineer;
  const { state, nodeId, rosterVersion } = meeting.signaling;
  return [
    [t.state, t.states[state]],
    [t.node, nodeId],
    [t.roundTrip, milliseconds(roundTripMs)],
    [t.room, meeting.roomId],
    [t.user, meeting.participants[0]?.userId],
    [t.rosterVersion, rosterVersion.toString()],
    [t.ice, meeting.relayOnly ? t.iceRelay : t.iceAll],
    [t.versions, `meeting-signaler ${pageVersion}, Socket.IO 4`],
  ];
}

function peerTable(meeting: Meeting): HTMLElement {
  const t = texts();
  const others = meeting.participants.filter(({ isSelf }) => !isSelf);
  if (others.length === 0) return h("p", { class: "quiet" }, t.engineer.nobody);
  const { peer, shortLoss, shortRoundTrip, shortFrames } = t.engineer;
  const heads = [peer, "↓", "↑", shortLoss, shortRoundTrip, shortFrames];
  const body = others.map(({ userId, name }) => {
    const { receivingKbps, sendingKbps, loss, roundTripMs, framesDecoded } = meeting.quality(userId) ?? {};
    const cells = [short(receivingKbps), short(sendingKbps), percent(loss), milliseconds(roundTripMs)];
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      ...cells.map((cell) => h("td", {}, cell ?? "–")),
      h("td", { class: "frames-decoded" }, framesDecoded?.toString() ?? "–"),
    );
  });
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...body),
  );
}

/** Bits per second, for a narrow column. */
function short(kbps: number | undefined): string | undefined {
  if (kbps === undefined) return undefined;
  return kbps >= 1000 ? `${(kbps / 1000).toFixed(1)}M` : `${Math.round(kbps)}k`;
}

const marks = { sent: "↑", received: "↓", failed: "×" } as const;

function logLine({ at, direction, type, whom, content }: LogEntry): HTMLLIElement {
  const time = `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  const summary = h(
    "summary",
    {},
    h("time", {}, time),
    h("span", { class: direction }, marks[direction]),
    h("span", { class: "log-type" }, type),
    whom !== undefined && h("span", { class: "whom" }, whom),
  );
  const details = h("details", {}, summary);
  // Made only for who looks: there are many, and some are long.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1)
      details.append(h("pre", {}, JSON.stringify(content, null, 2)));
  });
  return h("li", {}, details);
}
