/**
 * What a real browser offered, answered and trickled, crossing between clients byte for byte and in order.
 * `test/fixtures/webrtc/record.mjs` records it anew.
 */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Envelope } from "../../src/index.js";
import { connect, type TestClient } from "../harness/client.js";
import { describeOnEachStore, startNodes, unique } from "../harness/nodes.js";

interface RecordedCall {
  readonly messages: readonly {
    readonly from: "alice" | "bob";
    readonly event: "offer" | "answer" | "candidate";
    readonly payload: Readonly<Record<string, unknown>>;
  }[];
}

const folder = new URL("../fixtures/webrtc/", import.meta.url);
const recordings = readdirSync(folder).filter((file) => file.endsWith(".json"));

describeOnEachStore("a recorded call", (store) => {
  for (const file of recordings)
    for (const nodes of [1, 2, 3])
      it(`(${file}) crosses ${nodes === 1 ? "on one node" : `between ${nodes} nodes`} as it was`, async () => {
        const { messages } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as RecordedCall;
        const [first, second = first, third = second] = await startNodes(store, nodes);
        const roomId = unique("room");
        const parties: Record<"alice" | "bob", TestClient> = {
          alice: await connect(first.url, { userId: "alice", roomId }),
          bob: await connect(third.url, { userId: "bob", roomId }),
        };
        // On the middle node somebody is in the same room, who must hear none of it.
        const witness = await connect(second.url, { userId: "witness", roomId });

        for (const { from, event, payload } of messages)
          parties[from].emit(event, { targetUid: other(from), ...payload });
        for (const { from, event, payload } of messages) {
          const received = await parties[other(from)].take(
            (name, envelope) => name === "msg" && isSignaling(envelope),
            "signaling",
          );
          expect(received.type).toBe(event);
          const { userId, targetUid, ...relayed } = received.data;
          expect({ userId, targetUid }).toEqual({ userId: from, targetUid: other(from) });
          expect(JSON.stringify(relayed)).toBe(JSON.stringify(payload));
        }
        expect(witness.rest.filter(isSignaling)).toEqual([]);
      });
});

function isSignaling({ type }: Envelope): boolean {
  return ["offer", "answer", "candidate"].includes(type);
}

function other(party: "alice" | "bob"): "alice" | "bob" {
  return party === "alice" ? "bob" : "alice";
}
