/**
 * What nodes say to each other on their inbox channels: lines of text, the first field of which is the kind.
 * Ids in a frame are the cluster's own and hold neither spaces nor commas, colons nor line ends; the event comes last,
 * as the bytes that the target's client gets.
 */

/** An event for one session, already encoded. */
export interface DeliverFrame {
  readonly kind: "deliver";
  /** Unique per sending node; its receipt names it. */
  readonly messageId: string;
  readonly fromNode: string;
  /** Somebody waits for the receipt: it should not wait for company. */
  readonly urgent: boolean;
  readonly sessionId: string;
  readonly encodedEvent: string;
}

/** What became of events that the receiver of this frame had sent. */
export interface ReceiptFrame {
  readonly kind: "receipt";
  readonly delivered: readonly string[];
  readonly offline: readonly string[];
}

/** A newer session of the user stands in the place of this one. */
export interface ReplacedFrame {
  readonly kind: "replaced";
  readonly sessionId: string;
  readonly place: string;
}

/** Sessions that have been taken out of a room against their will. */
export interface RemovedFrame {
  readonly kind: "removed";
  readonly removal: Removal;
  readonly sessions: readonly RemovedSession[];
}

export interface RemovedSession {
  readonly sessionId: string;
  /** Of the place, as of which it is out: it may have come in again since. */
  readonly version: number;
}

/** Why somebody is out of a room. */
export interface Removal {
  readonly place: string;
  readonly how: "kicked" | "ended";
  /** The host who did it; "" if it was no member. */
  readonly by: string;
}

/** The place was changed without a word to anyone: compare what you hold there with what Redis does. */
export interface DoubtFrame {
  readonly kind: "doubt";
  readonly place: string;
}

/** A node's word to itself, to see whether its subscription works. */
export interface ProbeFrame {
  readonly kind: "probe";
  readonly probeId: string;
}

export type Frame = DeliverFrame | ReceiptFrame | ReplacedFrame | RemovedFrame | DoubtFrame | ProbeFrame;

export function encodeFrame(frame: Frame): string {
  switch (frame.kind) {
    case "deliver":
      return `D ${frame.messageId} ${frame.fromNode} ${frame.urgent ? "1" : "0"} ${frame.sessionId}\n${frame.encodedEvent}`;
    case "receipt":
      return `R ${frame.delivered.join(",")} ${frame.offline.join(",")}`;
    case "replaced":
      return `X ${frame.sessionId}\n${frame.place}`;
    case "removed": {
      const { place, how, by } = frame.removal;
      const sessions = frame.sessions.map(({ sessionId, version }) => `${sessionId}:${version}`);
      return `K ${how} ${sessions.join(",")}\n${place}\n${by}`;
    }
    case "doubt":
      return `C\n${frame.place}`;
    case "probe":
      return `P ${frame.probeId}`;
  }
}

/** Returns undefined for what is no frame: anyone with access to Redis can publish. */
export function decodeFrame(text: string): Frame | undefined {
  const lineEnd = text.indexOf("\n");
  const head = (lineEnd < 0 ? text : text.slice(0, lineEnd)).split(" ");
  const rest = lineEnd < 0 ? "" : text.slice(lineEnd + 1);
  const [kind, first = "", second = "", third = "", fourth = ""] = head;
  if (kind === "D" && fourth !== "" && rest !== "")
    return {
      kind: "deliver",
      messageId: first,
      fromNode: second,
      urgent: third === "1",
      sessionId: fourth,
      encodedEvent: rest,
    };
  if (kind === "R") return { kind: "receipt", delivered: splitIds(first), offline: splitIds(second) };
  if (kind === "X" && first !== "" && rest !== "") return { kind: "replaced", sessionId: first, place: rest };
  if (kind === "K" && (first === "kicked" || first === "ended") && rest !== "") {
    const [place = "", by = ""] = rest.split("\n");
    const sessions = splitIds(second).map((session) => {
      const [sessionId = "", version] = session.split(":");
      return { sessionId, version: Number(version) };
    });
    return { kind: "removed", removal: { place, how: first, by }, sessions };
  }
  if (kind === "C" && rest !== "") return { kind: "doubt", place: rest };
  if (kind === "P" && first !== "") return { kind: "probe", probeId: first };
  return undefined;
}

function splitIds(list: string): string[] {
  return list === "" ? [] : list.split(",");
}
