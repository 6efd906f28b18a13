/** What stays in the memory of a node by itself when rooms are over. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { connect } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { startProcess } from "../harness/process.js";

it("keeps nothing of rooms that everyone has left", async () => {
  const dir = await mkdtemp(join(tmpdir(), "signaler-heap-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const NODE_OPTIONS = `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${dir}`;
  const node = await startProcess(["--page", "off", "--message-rate", "0"], { NODE_OPTIONS });
  const alice = await connect(node.url, { userId: "alice" });
  expect((await alice.ask("join", { roomId: "kept" })).status).toBe(200);
  for (let n = 0; n < 100; n += 1) {
    expect((await alice.ask("join", { roomId: `over-${n}` })).status).toBe(200);
    await alice.ask("roomUserList", { roomId: `over-${n}` });
    expect((await alice.ask("leave", { roomId: `over-${n}` })).status).toBe(200);
  }
  node.kill("SIGUSR2");
  const strings = await eventually(async () => {
    const [name = ""] = await readdir(dir);
    // Throws as long as it is being written.
    return (JSON.parse(await readFile(join(dir, name), "utf8")) as { strings: string[] }).strings;
  });
  expect(strings).toContain("kept");
  // What came last may not have been swept yet.
  const left = new Set(strings.flatMap((text) => text.match(/over-\d+/g) ?? []));
  expect([...left].filter((name) => Number(name.slice(5)) < 90)).toEqual([]);
});
