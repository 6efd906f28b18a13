/**
 * Two people in a room in which a third, mallory, sends what is not right. They must not notice.
 */
import { expect } from "vitest";
import type { Config } from "../../../src/index.js";
import { connect, type Received, type TestClient } from "../../harness/client.js";
import { type Store, startNode, unique } from "../../harness/nodes.js";
import { tokenOf } from "../../harness/tokens.js";

export class Bystanders {
  readonly url: string;
  readonly roomId: string;
  readonly alice: TestClient;
  readonly bob: TestClient;

  private constructor(url: string, roomId: string, alice: TestClient, bob: TestClient) {
    this.url = url;
    this.roomId = roomId;
    this.alice = alice;
    this.bob = bob;
  }

  static async meet(store: Store, config: Partial<Config> = {}): Promise<Bystanders> {
    const { url } = await startNode(store, config);
    const roomId = unique("room");
    const come = async (userId: string) =>
      connect(
        url,
        { userId, roomId },
        config.auth === "token" ? { auth: { token: await tokenOf(userId) } } : {},
      );
    const alice = await come("alice");
    const bob = await come("bob");
    await alice.next("join");
    return new Bystanders(url, roomId, alice, bob);
  }

  /** They still reach each other, and have heard nothing but that mallory came and went. */
  async expectUntouched(): Promise<void> {
    for (const [one, other, targetUid] of [
      [this.alice, this.bob, "bob"],
      [this.bob, this.alice, "alice"],
    ] as const) {
      expect(await one.ask("offer", { targetUid })).toMatchObject({ type: "receipt", status: 200 });
      expect((await other.next("offer")).data).toEqual({
        targetUid,
        userId: targetUid === "bob" ? "alice" : "bob",
      });
      expect(other.rest.filter((heard) => !isComingOrGoing(heard))).toEqual([]);
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  }
}

function isComingOrGoing({ type, data }: Received): boolean {
  return (type === "join" || type === "leave") && data.userId === "mallory";
}
