/** Frames between nodes come out as they went in. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeFrame, encodeFrame, type Frame } from "../../src/cluster/frames.js";
import { encodeEvent } from "../../src/protocol/envelope.js";

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,24}$/);
const place = fc.string({ minLength: 1 }).filter((text) => !/[\p{Cc}]/u.test(text));

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant("deliver" as const),
    messageId: id,
    fromNode: id,
    urgent: fc.boolean(),
    sessionId: id,
    encodedEvent: fc
      .jsonValue()
      .map((data) => encodeEvent({ type: "offer", msg: "rtc offer", status: 200, data })),
  }),
  fc.record({ kind: fc.constant("receipt" as const), delivered: fc.array(id), offline: fc.array(id) }),
  fc.record({ kind: fc.constant("replaced" as const), sessionId: id, place }),
  fc.record({ kind: fc.constant("doubt" as const), place }),
  fc.record({
    kind: fc.constant("removed" as const),
    removal: fc.record({
      place,
      how: fc.constantFrom("kicked" as const, "ended" as const),
      by: fc.oneof(fc.constant(""), place),
    }),
    sessions: fc.array(fc.record({ sessionId: id, version: fc.maxSafeNat() })),
  }),
  fc.record({ kind: fc.constant("probe" as const), probeId: id }),
);

it("survive encoding and decoding", () => {
  fc.assert(
    fc.property(frame, (original) => void expect(decodeFrame(encodeFrame(original))).toEqual(original)),
  );
});

it("are refused when they are something else, without an error", () => {
  fc.assert(fc.property(fc.string(), (text) => void decodeFrame(text)));
  for (const text of ["", "D", "D a b 1 c", "D a b 1 c\n", "X a", "X \nroom", "S 1"])
    expect(decodeFrame(text)).toBeUndefined();
});
