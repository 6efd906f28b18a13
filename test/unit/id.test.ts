/** What is an id, for every string there can be. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { rosterKey, routeKey } from "../../src/cluster/keys.js";
import { maxIdLength, parseId } from "../../src/protocol/id.js";
import { lobby } from "../../src/protocol/place.js";

const anything = fc.string({ unit: "binary", maxLength: 200 });

/** Written out by code point, so that the test does not share the source's way of saying it. */
function forbidden(codePoint: number): boolean {
  const between = (least: number, most: number) => codePoint >= least && codePoint <= most;
  const control = between(0, 0x1f) || between(0x7f, 0x9f);
  const lineEnd = between(0x2028, 0x2029);
  const bidi = between(0x200b, 0x200f) || between(0x202a, 0x202e) || between(0x2066, 0x2069);
  const brace = codePoint === 0x7b || codePoint === 0x7d;
  return control || lineEnd || bidi || brace || between(0xd800, 0xdfff) || codePoint === 0xfeff;
}

it("is a string that can stand in a key, a log line and an object", () => {
  fc.assert(
    fc.property(anything, (text) => {
      const id = parseId(text);
      if (id === undefined) return;
      expect(id).toBe(text);
      expect(id.length).toBeGreaterThan(0);
      expect(id.length).toBeLessThanOrEqual(maxIdLength);
      for (const unit of id) expect(forbidden(unit.codePointAt(0) ?? 0)).toBe(false);
      expect(id).not.toBe("__proto__");
      expect(parseId(id)).toBe(id);
    }),
  );
});

it("is never the lobby's, so that no room's key can be", () => {
  expect(parseId(lobby)).toBeUndefined();
  fc.assert(
    fc.property(anything, (text) => {
      const id = parseId(text);
      if (id !== undefined) expect([rosterKey(lobby), routeKey(lobby)]).not.toContain(rosterKey(id));
    }),
  );
});

it("is nothing that is not a string or a whole number", () => {
  for (const value of [
    undefined,
    null,
    true,
    Number.NaN,
    1.5,
    2 ** 60,
    [],
    ["a"],
    {},
    Symbol("a"),
    () => "a",
  ])
    expect(parseId(value)).toBeUndefined();
  expect(parseId(42)).toBe("42");
  expect(parseId(-1)).toBe("-1");
});
