/** What a node remembers of places that it has members in, and no longer. */
import { expect, it } from "vitest";
import { type Held, Holdings } from "../../src/cluster/holdings.js";

const held = (sessionId: string): Held => ({
  sessionId,
  member: { userId: sessionId, roomId: "room" },
  state: "in",
  since: 0,
});

it("knows the greatest version of a place that was noted", () => {
  const holdings = new Holdings(() => {});
  holdings.add("room", held("a"));
  expect(holdings.version("room")).toBeUndefined();
  holdings.note("room", 7);
  holdings.note("room", 5);
  expect(holdings.version("room")).toBe(7);
});

it("knows the version for as long as anyone is in the place", () => {
  const holdings = new Holdings(() => {});
  const [first, second] = [held("a"), held("b")];
  holdings.add("room", first);
  holdings.note("room", 7);
  holdings.add("room", second);
  holdings.remove("room", first);
  expect(holdings.version("room")).toBe(7);
  holdings.remove("room", second);
  expect(holdings.version("room")).toBeUndefined();
});

it("takes no note of a place that nobody here is in", () => {
  const holdings = new Holdings(() => {});
  const only = held("a");
  holdings.add("room", only);
  holdings.remove("room", only);
  holdings.note("room", 8);
  expect(holdings.version("room")).toBeUndefined();
});
