/** What the embedded store keeps of what it was asked to do. */
import type RedisMock from "ioredis-mock";
import { expect, it, onTestFinished, vi } from "vitest";
import { EmbeddedDriver } from "../../src/cluster/embedded-driver.js";
import { Rooms } from "../../src/cluster/rooms.js";
import { unique } from "../harness/nodes.js";

const made: { shaScripts: Record<string, string> }[] = [];

vi.mock("ioredis-mock", async (original) => {
  const { default: Mock } = await original<{ default: typeof RedisMock }>();
  class Observed extends Mock {
    constructor(...args: ConstructorParameters<typeof Mock>) {
      super(...args);
      made.push(this as unknown as (typeof made)[number]);
    }
  }
  return { default: Observed };
});

it("keeps each script once, however often it runs", async () => {
  const driver = await EmbeddedDriver.create(unique("store"));
  onTestFinished(() => driver.close());
  await driver.connect();
  const rooms = new Rooms(driver, "node");
  for (let n = 0; n < 50; n += 1) {
    const [roomId, sessionId] = [`room-${n}`, `session-${n}`];
    await rooms.admit(roomId, { userId: "alice", roomId }, sessionId, {
      capacity: 0,
      duplicates: "replace",
    });
    await rooms.read(roomId, "members");
    await rooms.dismiss(roomId, "alice", sessionId, true);
  }
  const kept = made.flatMap(({ shaScripts }) => Object.values(shaScripts));
  expect(kept).toHaveLength(3);
});
