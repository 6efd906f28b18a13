/** Frames are, byte for byte, those that `ws` makes. */
import { expect, it } from "vitest";
// @ts-expect-error the types leave Sender out
import { Sender } from "ws";
import { textFrame } from "../../src/gateway/text-frame.js";

it("holds text of any length, in any script", () => {
  const lengths = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 200_000];
  for (const text of [
    ...lengths.map((length) => "x".repeat(length)),
    "远程呼叫",
    "会".repeat(21_845),
    "🎥".repeat(20_000),
  ]) {
    const options = { fin: true, opcode: 1, mask: false, readOnly: true, rsv1: false };
    const theirs = Sender.frame(Buffer.from(text), options) as Buffer[];
    expect(textFrame(text).equals(Buffer.concat(theirs))).toBe(true);
  }
});
