/** When a node takes its own subscription for deaf. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Driver } from "../../src/cluster/driver.js";
import { Probe } from "../../src/cluster/probe.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function probe(publish: () => Promise<number>) {
  const sent: string[] = [];
  const events = { heard: vi.fn(), deaf: vi.fn() };
  const driver = {
    publish: (_channel: string, frame: string) => {
      sent.push(frame.slice(2));
      return publish();
    },
  };
  const subject = new Probe(driver as unknown as Driver, "node", () => Date.now(), events);
  subject.start();
  return { subject, sent, events };
}

describe("a probe", () => {
  it("tells the lag of what it hears, and is content", async () => {
    const { subject, sent, events } = probe(() => Promise.resolve(1));
    for (let n = 0; n < 10; n += 1) {
      await vi.advanceTimersByTimeAsync(n === 0 ? 1_000 : 993);
      await vi.advanceTimersByTimeAsync(7);
      subject.hear(sent.at(-1) ?? "");
      expect(events.heard).toHaveBeenLastCalledWith(7);
    }
    expect(events.deaf).not.toHaveBeenCalled();
    expect(subject.deaf).toBe(false);
    subject.stop();
  });

  it("is deaf when what was published does not arrive, until it does", async () => {
    const { subject, sent, events } = probe(() => Promise.resolve(1));
    await vi.advanceTimersByTimeAsync(3_500);
    expect(subject.deaf).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(events.deaf).toHaveBeenCalledTimes(1);
    expect(subject.deaf).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(subject.deaf).toBe(true);
    subject.hear(sent.at(-1) ?? "");
    expect(subject.deaf).toBe(false);
    subject.stop();
  });

  it("does not take an old answer for one to its last question", async () => {
    const { subject, sent, events } = probe(() => Promise.resolve(1));
    await vi.advanceTimersByTimeAsync(5_500);
    subject.hear(sent[0] ?? "");
    expect(subject.deaf).toBe(true);
    expect(events.heard).not.toHaveBeenCalled();
    subject.stop();
  });

  it("blames no subscription when it cannot publish, or does not know yet whether it has", async () => {
    for (const publish of [() => Promise.reject(new Error("away")), () => new Promise<number>(() => {})]) {
      const { subject, events } = probe(publish);
      await vi.advanceTimersByTimeAsync(20_000);
      expect(events.deaf).not.toHaveBeenCalled();
      subject.stop();
    }
  });
});
