/**
 * docs/BAD-INPUT.md, from the cases that are tested.
 */
import { failures } from "../../src/protocol/failures.js";
import type {
  EventCase,
  FrameCase,
  HandshakeCase,
  PacketCase,
  RequestCase,
} from "../contract/bad-input/cases.js";
import { eventCases } from "../contract/bad-input/events.js";
import { frameCases } from "../contract/bad-input/frames.js";
import { handshakeCases } from "../contract/bad-input/handshakes.js";
import { packetCases } from "../contract/bad-input/packets.js";
import { requestCases } from "../contract/bad-input/requests.js";

const longestText = 20;
const longestExample = 70;
const shownBytes = 8;

const intro = `# Bad input

Whatever was tried that is not right, and what came of it. Each row is a test, run on Redis and on the embedded store. In
each of them two others are in the same room on the same node: they hear nothing of it but that the sender came and went, and
reach each other afterwards. Where the connection stays, it is used once more.

This page is made from the tests: \`UPDATE_DOCS=1 npm test -- test/docs/bad-input.test.ts\` writes it anew. What becomes of too
much of what is right is in [PROTOCOL.md](PROTOCOL.md#7-limits); \`npm run test:fuzz\` sends what nobody has thought of.`;

const sections = [
  [
    "Events",
    "Events of a Socket.IO client that is in a room, each sent with an ack and without. The sender is told in the ack and by the\n" +
      "event `msg`; the connection stays.",
    table(["sent", "for example", "answer"], eventCases.map(eventRow)),
  ],
  [
    "Handshakes",
    "What a client connects with. It is told by `connect_error`, and is not let in.",
    table(["sent", "for example", "answer"], handshakeCases.map(handshakeRow)),
  ],
  [
    "Packets",
    "Packets of Engine.IO, over the WebSocket of a client that is in a room.",
    table(["sent", "for example", "answer", "connection"], packetCases.map(packetRow)),
  ],
  [
    "WebSocket frames",
    "Bytes on the WebSocket of a client that is in a room.",
    table(["sent", "begins with", "closed with", "connection"], frameCases.map(frameRow)),
  ],
  [
    "HTTP requests",
    "Requests, some of them of a polling session that is in a room.",
    table(["sent", "request", "status", "session"], requestCases.map(requestRow)),
  ],
] as const;

export function renderBadInput(): string {
  const texts = sections.map(([title, about, rows]) => `## ${title}\n\n${about}\n\n${rows}`);
  return `${[intro, ...texts].join("\n\n")}\n`;
}

function eventRow({ what, event, variants, told, reason, role }: EventCase): string[] {
  const [args] = variants;
  const by = role === undefined ? what : `${what} (with the token of a ${role})`;
  const answer = told === undefined ? "passed on, under the sender's id" : answerText(told, reason);
  const name = event === "" ? json(event) : short(event);
  return [by, code([name, ...args.map(json)].join(" ")), answer];
}

function handshakeRow({ what, query, auth, told, reason, makeToken }: HandshakeCase): string[] {
  const example = makeToken === undefined ? code(json({ ...query, ...auth })) : "";
  return [what, example, answerText(told, reason)];
}

function packetRow({ what, packets, told, fate }: PacketCase): string[] {
  const shown = packets.map((packet) => (typeof packet === "string" ? packet : "<binary>"));
  const example = shown.join("") === "" ? "" : code(shown.join(" "));
  return [what, example, told.map((name) => answerText(name)).join(", ") || "none", fate];
}

function frameRow({ what, bytes, closeCode }: FrameCase): string[] {
  const hex = [...bytes.subarray(0, shownBytes)].map((byte) => byte.toString(16).padStart(2, "0"));
  const isClosed = closeCode !== undefined;
  return [what, code(hex.join(" ")), isClosed ? String(closeCode) : "none", isClosed ? "ends" : "stays"];
}

function requestRow({ what, request, status, fate }: RequestCase): string[] {
  const [line = ""] = request("SID").split("\r\n");
  return [what, code(line), status === undefined ? "none" : String(status), fate ?? "none"];
}

function answerText(told: keyof typeof failures, reason?: string): string {
  return `${failures[told].status} \`${told}\`${reason === undefined ? "" : ` (${reason})`}`;
}

function json(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (isSerializedBuffer(inner)) return "<binary>";
    return typeof inner === "string" ? short(inner) : inner;
  });
}

function isSerializedBuffer(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && value.type === "Buffer";
}

function short(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

/** Of what can be printed; the rest as JavaScript escapes it. */
function code(text: string): string {
  const shown = text.length > longestExample ? `${text.slice(0, longestExample)}…` : text;
  const printable = shown.replace(
    /[^\u0020-\u007e…]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `\`${printable.replaceAll("|", "\\|")}\``;
}

function table(head: readonly string[], rows: readonly string[][]): string {
  // Two underscores would be emphasis, where they are not code.
  const line = ([first = "", ...others]: readonly string[]) =>
    `| ${[first.replaceAll("__proto__", "`__proto__`"), ...others].join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
