/**
 * A promise that nobody awaited and an error that nobody caught fail the test file they happen in: in
 * production either ends the process. Vitest reports both by itself; this makes sure that nothing mutes it.
 */
import { afterAll, expect } from "vitest";

const stray: unknown[] = [];
process.on("unhandledRejection", (reason) => stray.push(reason));

afterAll(() => {
  expect(stray).toEqual([]);
});
