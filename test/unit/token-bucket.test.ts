import { expect, it } from "vitest";
import { TokenBucket } from "../../src/gateway/token-bucket.js";

/** The verdicts on so many at once. */
const takeAll = (bucket: TokenBucket, count: number, now: number) =>
  Array.from({ length: count }, () => bucket.take(now));

it("allows a burst, refuses as many again, and calls the rest a flood", () => {
  const bucket = new TokenBucket({ rate: 10, burst: 3 }, 0);
  expect(takeAll(bucket, 7, 0)).toEqual([
    ...["allowed", "allowed", "allowed"],
    ...["refused", "refused", "refused"],
    "flooding",
  ]);
});

it("fills at its rate, and no further than a burst", () => {
  const bucket = new TokenBucket({ rate: 10, burst: 3 }, 0);
  takeAll(bucket, 3, 0);
  expect(bucket.take(40)).toBe("refused");
  expect(bucket.waitMs()).toBe(60);
  expect(bucket.take(100)).toBe("allowed");
  expect(takeAll(bucket, 4, 60_000)).toEqual(["allowed", "allowed", "allowed", "refused"]);
});

it("gives whoever exceeds it what the rate allows, and refuses the rest", () => {
  const bucket = new TokenBucket({ rate: 50, burst: 5 }, 0);
  const verdicts = Array.from({ length: 1_000 }, (_, n) => bucket.take(n * 12.5));
  expect(verdicts.filter((verdict) => verdict === "allowed").length).toBeGreaterThan(620);
  expect(verdicts).not.toContain("flooding");
});

it("lets whoever keeps to the rate go on for ever", () => {
  const bucket = new TokenBucket({ rate: 50, burst: 5 }, 0);
  for (let n = 0; n < 10_000; n += 1) expect(bucket.take(n * 20)).toBe("allowed");
});

it("lets what costs more than a burst wait for a whole one", () => {
  const bucket = new TokenBucket({ rate: 10, burst: 5 }, 0);
  expect(bucket.take(0, 3)).toBe("allowed");
  expect(bucket.take(0, 3)).toBe("refused");
  expect(bucket.waitMs(3)).toBe(100);
  expect(bucket.take(0, 2)).toBe("allowed");
  expect(bucket.waitMs(1_000)).toBe(500);
  expect(bucket.take(500, 1_000)).toBe("allowed");
  expect(bucket.take(500)).toBe("refused");
});
