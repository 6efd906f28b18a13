/**
 * What is no Socket.IO, or no Engine.IO, or is at the wrong time.
 */
import type { FailureCode } from "../../../src/protocol/failures.js";
import type { PacketCase } from "./cases.js";

type Packets = [string | Buffer, ...(string | Buffer)[]];

const ends = (what: string, ...packets: Packets): PacketCase => ({ what, packets, told: [], fate: "ends" });
const ignored = (what: string, ...packets: Packets): PacketCase => ({
  what,
  packets,
  told: [],
  fate: "stays",
});
const told = (codes: FailureCode[], what: string, ...packets: Packets): PacketCase => ({
  what,
  packets,
  told: codes,
  fate: "stays",
});

const placeholders = (count: number) =>
  JSON.stringify(["msg", ...Array.from({ length: count }, (_, num) => ({ _placeholder: true, num }))]);
const buffers = (count: number) => Array.from({ length: count }, () => Buffer.from("x"));
const levels = 20_000;
const deep = `${"[".repeat(levels)}${"]".repeat(levels)}`;

const socketIo: PacketCase[] = [
  ends("a packet of no known type", "49"),
  ends("an event that is no JSON", '42["offer"'),
  ends("an event with something after its JSON", '42["msg","x"]]'),
  ends("an event that is no list", '42{"offer":1}'),
  ends("an event that is an empty list", "42[]"),
  ends("an event whose name is null", "42[null,{}]"),
  ends("an event whose name is a list", '42[["offer"],{}]'),
  told(["unknown_event"], "an event whose name is a number", "42[7,{}]"),
  told(["unknown_event"], "an event of nothing", "42"),
  told(["unknown_event"], "nothing but an ack", "4212"),
  ...["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"].map(
    (name) => ends(`the event \`${name}\`, which is Socket.IO's own`, `42["${name}",{}]`),
  ),
  told(
    ["bad_payload", "bad_payload"],
    `payloads nested ${levels} levels deep`,
    `42["offer",{"targetUid":"bob","deep":${deep}}]`,
    `42["msg",{"deep":${deep}}]`,
  ),
  told(
    ["offline"],
    "the same field twice: the last counts",
    '42["offer",{"targetUid":"bob","targetUid":"x"}]',
  ),
  told(["bad_target"], "a number beyond all numbers", '42["offer",{"targetUid":1e999}]'),
  ends("a second naming", "40"),
  ends("a goodbye, and another naming", "41", "40"),
  ends("a goodbye", "41"),
  ends("a goodbye, and an event", "41", '42["roomUserList",{}]'),
  ignored("another namespace to be in", "40/admin,"),
  ignored("a namespace called __proto__ to be in", '40/__proto__,{"userId":"alice"}'),
  ends("an event in another namespace", '42/admin,["msg","x"]'),
  ends("a refusal, which is the server's to send", '44{"message":"x"}'),
  ignored("an ack that nobody waits for", '4399["x"]'),
  ignored("an ack of nothing", "43[]"),
  ends("an ack that is no list", '431{"a":1}'),
];

const binary: PacketCase[] = [
  told(["binary_refused"], "an attachment", `451-${placeholders(1)}`, ...buffers(1)),
  told(["binary_refused"], "ten attachments", `4510-${placeholders(10)}`, ...buffers(10)),
  told(["binary_refused"], "an attachment for no place", '451-["msg","x"]', ...buffers(1)),
  ends("eleven attachments", `4511-${placeholders(11)}`, ...buffers(11)),
  ends("a billion attachments", `451000000000-${placeholders(1)}`),
  ends("no number of attachments", `45-${placeholders(1)}`),
  ends("a number of attachments that is none", `451.5-${placeholders(1)}`),
  ends("text where an attachment should come", `451-${placeholders(1)}`, '42["msg","x"]'),
  ends("an attachment for a place that is none", '451-["msg",{"_placeholder":true,"num":5}]', ...buffers(1)),
  ends(
    "an attachment for the place __proto__",
    '451-["msg",{"_placeholder":true,"num":"__proto__"}]',
    "bAA==",
  ),
  ends("an attachment that nobody announced", Buffer.from('42["msg","x"]')),
  ends("the same in base64", "beA=="),
  ignored("an ack with an attachment", '461-1["x"]', ...buffers(1)),
];

const engineIo: PacketCase[] = [
  ends("nothing at all", ""),
  ends("garbage", "garbage"),
  ends("a packet of a type that is none", "7"),
  ends("a message of nothing", "4"),
  ends("a ping, which is the server's to send", "2"),
  ends("a probe, where there is nothing to change to", "2probe"),
  ignored("pongs that nobody asked for", "3", "3", "3probe"),
  ignored("a greeting, which is the server's to send", '0{"sid":"alice"}'),
  ignored("a close", "1"),
  ignored("a change of transport that nobody prepared", "5"),
  ignored("a packet that does nothing", "6"),
  ends("packets joined as only polling joins them", '42["msg","x"]\u001e42["msg","y"]'),
  ends("a message of more than four times the limit", `42["msg","${"x".repeat(300_000)}"]`),
];

export const packetCases: readonly PacketCase[] = [...socketIo, ...binary, ...engineIo];
