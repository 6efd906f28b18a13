/**
 * A meeting over several nodes as people see it, in real pages: who is on which node is nothing that they notice,
 * nor is it when one of the nodes is killed.
 */
import type { Page } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { browserForFile } from "../harness/browser.js";
import { eventually } from "../harness/eventually.js";
import { startDealer } from "../harness/haproxy.js";
import { startProcess } from "../harness/process.js";
import { redisForTest } from "../harness/redis-server.js";
import { joinMeeting } from "./chromium.mjs";

const browser = browserForFile();

/** Counts the connections that a page makes, so that none is replaced unseen. */
const countConnections = `
  globalThis.connectionsMade = 0;
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration) {
      super(configuration);
      globalThis.connectionsMade += 1;
    }
  };`;
const connectionsMade = (page: Page) => page.evaluate<number>("globalThis.connectionsMade");

/** Opens the page in a context of its own and joins; resolves when it shows a meeting, or why it does not. */
async function join(url: string, name: string): Promise<Page> {
  const context = await browser().newContext({ locale: "en-GB" });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.addInitScript(countConnections);
  await page.goto(`${url}/?room=standup`);
  await joinMeeting(page, name);
  return page;
}

const behindTheScenes = (page: Page) =>
  page.getByRole("button", { name: "Behind the scenes", exact: true }).click();

/** The node that the page says it is on. */
const nodeOf = (page: Page) => page.locator("dt:text-is('Node') + dd").textContent();

/** By the page's own table: name → frames decoded. */
async function framesOf(page: Page): Promise<Record<string, number>> {
  const rows = await page.locator(".peer-table tbody tr").all();
  const entries = await Promise.all(
    rows.map(async (row) => [
      await row.locator("th").textContent(),
      Number(await row.locator(".frames-decoded").textContent()),
    ]),
  );
  return Object.fromEntries(entries) as Record<string, number>;
}

/** Waits until the page has decoded further frames of all of these. */
async function watches(page: Page, names: readonly string[]): Promise<void> {
  const before = await framesOf(page);
  await eventually(async () => {
    const after = await framesOf(page);
    for (const name of names) expect(after[name], name).toBeGreaterThan(before[name] || 0);
  }, 30_000);
}

it("three people on three nodes see each other, share at once, and lose a node without losing the call", async () => {
  const redis = await redisForTest();
  const settings = { REDIS_URL: redis.url, SIGNALER_ROOM_CAPACITY: "3" };
  const nodes = await Promise.all([1, 2, 3].map(() => startProcess([], settings)));
  const url = await startDealer(nodes.map((node) => node.url));

  const names = ["Alice", "Bob", "Carol"] as const;
  const pages = new Map<string, Page>();
  for (const name of names) {
    const page = await join(url, name);
    pages.set(name, page);
    await behindTheScenes(page);
  }
  const everyone = [...pages];
  const nodesOfAll = await Promise.all(everyone.map(([, page]) => nodeOf(page)));
  expect(new Set(nodesOfAll)).toEqual(new Set(nodes.map(({ announcement }) => announcement["node"])));
  const others = (name: string) => names.filter((other) => other !== name);
  const everyoneWatches = () => Promise.all(everyone.map(([name, page]) => watches(page, others(name))));
  await everyoneWatches();

  const fourth = await join(url, "Dan");
  await fourth.getByRole("heading", { name: /full/i }).waitFor();

  const [[, alice], [, bob], [, carol]] = everyone as [[string, Page], [string, Page], [string, Page]];
  await Promise.all([alice, bob].map((page) => page.keyboard.press("s")));
  for (const page of [bob, carol]) await page.getByRole("listitem", { name: "Screen of Alice" }).waitFor();
  for (const page of [alice, carol]) await page.getByRole("listitem", { name: "Screen of Bob" }).waitFor();
  await everyoneWatches();

  const bobsNode = await nodeOf(bob);
  const lost = nodes.find(({ announcement }) => announcement["node"] === bobsNode);
  expect(lost).toBeDefined();
  // Media go on meanwhile, and nobody's connection is replaced for it.
  const before = await Promise.all(everyone.map(([, page]) => connectionsMade(page)));
  lost?.kill("SIGKILL");
  await everyoneWatches();
  await eventually(async () => {
    expect(await nodeOf(bob)).toMatch(/^[0-9a-f]{10}$/);
    expect(await nodeOf(bob)).not.toBe(bobsNode);
  }, 30_000);
  await everyoneWatches();
  expect(await Promise.all(everyone.map(([, page]) => connectionsMade(page)))).toEqual(before);

  await carol.close();
  for (const page of [alice, bob])
    await page
      .getByRole("listitem", { name: /^Carol/ })
      .first()
      .waitFor({ state: "detached", timeout: 20_000 });
  await watches(alice, ["Bob"]);
  await watches(bob, ["Alice"]);
}, 180_000);
