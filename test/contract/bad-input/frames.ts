/**
 * What is no WebSocket.
 */
import { frame, opcodes } from "../../harness/raw-client.js";
import type { FrameCase } from "./cases.js";

const protocolError = 1002;
const badText = 1007;
const tooBig = 1009;

const { continuation, text, binary, close, ping, pong } = opcodes;
const chat = '42["msg","x"]';

const closes = (closeCode: number, what: string, ...frames: Buffer[]): FrameCase => ({
  what,
  bytes: Buffer.concat(frames),
  closeCode,
});
const stays = (what: string, ...frames: Buffer[]): FrameCase => ({
  what,
  bytes: Buffer.concat(frames),
  closeCode: undefined,
});

export const frameCases: readonly FrameCase[] = [
  closes(protocolError, "a frame without a mask", frame(text, chat, { masked: false })),
  closes(protocolError, "a frame that says it is compressed", frame(text, chat, { reserved: 0x40 })),
  closes(protocolError, "a frame with a reserved bit", frame(text, chat, { reserved: 0x10 })),
  closes(protocolError, "a frame of a kind that is none", frame(3, "x")),
  closes(protocolError, "a control frame of a kind that is none", frame(11, "x")),
  closes(protocolError, "a ping in pieces", frame(ping, "x", { final: false })),
  closes(protocolError, "a ping of 126 bytes", frame(ping, "x".repeat(126))),
  closes(protocolError, "the end of what was never begun", frame(continuation, chat)),
  closes(
    protocolError,
    "a message within a message",
    frame(text, '42["msg"', { final: false }),
    frame(text, chat),
  ),
  closes(protocolError, "a close with a code that is none", frame(close, Buffer.from([0, 0]))),
  closes(protocolError, "a close with half a code", frame(close, Buffer.from([3]))),
  closes(badText, "text that is not UTF-8", frame(text, Buffer.from([0x34, 0x32, 0xc3, 0x28]))),
  closes(badText, "half a character (a surrogate)", frame(text, Buffer.from([0xed, 0xa0, 0x80]))),
  closes(badText, "a close with a reason that is not UTF-8", frame(close, Buffer.from([3, 232, 0xff]))),
  closes(tooBig, "the head of a frame that is too large", frame(text, "", { length: 262_145n })),
  closes(tooBig, "the head of a frame of 2^62 bytes", frame(binary, "", { length: 2n ** 62n })),
  closes(
    tooBig,
    "a message that grows too large in pieces",
    frame(text, "4", { final: false }),
    ...Array.from({ length: 5 }, () => frame(continuation, "x".repeat(60_000), { final: false })),
  ),
  stays(
    "a message in pieces of a byte, with pings between",
    frame(text, "4", { final: false }),
    ...[...'2["roomUserList",{}]'].flatMap((character) => [
      frame(continuation, character, { final: false }),
      frame(ping, "x"),
    ]),
    frame(continuation, ""),
  ),
  stays("a pong that nobody asked for", frame(pong, "x")),
];
