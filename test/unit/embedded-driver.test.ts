/** What the embedded store keeps of what it was asked to do. */
import type { EventEmitter } from "node:events";
import type RedisMock from "ioredis-mock";
import { expect, it, onTestFinished, vi } from "vitest";
import { EmbeddedDriver } from "../../src/cluster/embedded-driver.js";
import { Rooms } from "../../src/cluster/rooms.js";
import { unique } from "../harness/nodes.js";

interface Inside {
  readonly shaScripts: Record<string, string>;
  readonly context: { readonly modifiedKeyEvents: EventEmitter };
}
const made: Inside[] = [];

vi.mock("ioredis-mock", async (original) => {
  const { default: Mock } = await original<{ default: typeof RedisMock }>();
  class Observed extends Mock {
    constructor(...args: ConstructorParameters<typeof Mock>) {
      super(...args);
      made.push(this as unknown as Inside);
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
  const kept = made.splice(0).flatMap(({ shaScripts }) => Object.values(shaScripts));
  expect(kept).toHaveLength(3);
});

it("forgets what has expired though nobody asks for it any more", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const driver = await EmbeddedDriver.create(unique("store"));
  onTestFinished(() => driver.close());
  await driver.connect();
  const set = (key: string, ms: string) =>
    driver.run({ name: "set", lua: "redis.call('SET', KEYS[1], 'x', 'PX', ARGV[1])" }, [key], [ms]);
  await set("short", "1000");
  await set("long", "90000");
  const gone: string[] = [];
  made[0]?.context.modifiedKeyEvents.on("modified", (key: string) => gone.push(key));
  for (const expected of [["short"], ["short", "long"]]) {
    vi.advanceTimersByTime(60_000);
    await vi.waitFor(() => expect(gone).toEqual(expected));
  }
});
