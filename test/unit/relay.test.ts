/** The relay's choice between the short way and the cluster. */
import { describe, expect, it } from "vitest";
import { openGrant } from "../../src/access/grant.js";
import type { AddressedMessage, Outcome } from "../../src/cluster/outbox.js";
import { LocalMembers } from "../../src/meeting/local-members.js";
import { Relay } from "../../src/meeting/relay.js";
import { type Connection, Session } from "../../src/meeting/session.js";

class FakeConnection implements Connection {
  open = true;
  readonly delivered: string[] = [];
  send() {}
  emit() {}
  deliver(encodedEvent: string) {
    this.delivered.push(encodedEvent);
  }
  enter() {}
  exit() {}
  end() {}
}

function member(local: LocalMembers, userId: string) {
  const connection = new FakeConnection();
  const session = new Session(`s-${userId}`, { userId, roomId: "room", profile: {} }, openGrant, connection);
  local.add("room", session, session.memberIn("room"));
  return { session, connection };
}

describe("a relay", () => {
  it("does not let a later message overtake one that is on its way through Redis (I2)", () => {
    const local = new LocalMembers();
    const sent: [AddressedMessage, (outcome: Outcome) => void][] = [];
    const relay = new Relay({ local, outbox: { send: (...args) => void sent.push(args) } }, "room");
    const alice = member(local, "alice");
    const send = () => relay.send(alice.session, "candidate", { targetUid: "bob" }, false, () => {});

    send();
    expect(sent).toHaveLength(1);
    // Bob's join completes on this node: the second message must still follow the first.
    const bob = member(local, "bob");
    send();
    expect(sent).toHaveLength(2);
    expect(bob.connection.delivered).toEqual([]);
    sent[0]?.[1]("delivered");
    send();
    expect(sent).toHaveLength(3);
    sent[1]?.[1]("delivered");
    sent[2]?.[1]("offline");
    send();
    expect(sent).toHaveLength(3);
    expect(bob.connection.delivered).toHaveLength(1);
  });

  it("keeps to the newer session of a user when the older one goes (I5)", () => {
    const local = new LocalMembers();
    const relay = new Relay({ local, outbox: { send() {} } }, "room");
    const alice = member(local, "alice");
    const older = member(local, "bob");
    const newer = member(local, "bob");
    local.remove("room", older.session);
    relay.send(alice.session, "offer", { targetUid: "bob" }, false, () => {});
    expect(newer.connection.delivered).toHaveLength(1);
    expect(local.memberCount).toBe(2);
  });

  it("does not hand anything to a connection that is going", () => {
    const local = new LocalMembers();
    const sent: AddressedMessage[] = [];
    const relay = new Relay({ local, outbox: { send: (message) => void sent.push(message) } }, "room");
    const alice = member(local, "alice");
    const bob = member(local, "bob");
    bob.connection.open = false;
    relay.send(alice.session, "offer", { targetUid: "bob" }, false, () => {});
    expect(bob.connection.delivered).toEqual([]);
    expect(sent).toHaveLength(1);
  });

  it("stamps the sender over whatever the payload says, and leaves the payload as it was", () => {
    const local = new LocalMembers();
    const relay = new Relay({ local, outbox: { send() {} } }, "room");
    const alice = member(local, "alice");
    const bob = member(local, "bob");
    const payload = Object.freeze(JSON.parse('{"userId":"mallory","targetUid":"bob","__proto__":{"x":1}}'));
    relay.send(alice.session, "offer", payload, false, () => {});
    expect(bob.connection.delivered).toEqual([
      '["msg",{"type":"offer","msg":"rtc offer","status":200,"data":{"userId":"alice","targetUid":"bob","__proto__":{"x":1}}}]',
    ]);
  });
});
