/**
 * Members of a meeting in real pages of a real Chromium, which load the client as an app would bundle it.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { launchChromium } from "../browser/chromium.mjs";
import { eventually } from "./eventually.js";
import type { JoinOptions, MediaRole, Report } from "./meeting-page.js";

const args = [
  // What is captured has to be encoded and decoded by the machine that runs the tests, for everybody.
  "--use-fake-device-for-media-stream=fps=10",
  // A page that only receives would hide its addresses behind names that a machine without multicast cannot look up.
  "--disable-features=WebRtcHideLocalIpsWithMdns",
];

/** Starts a browser for the tests of the file; it is closed after them. */
export function browserForFile(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium(args);
  });
  afterAll(() => browser?.close());
  return () => started(browser, "the browser");
}

/** Serves the page of `joinByPage` for the tests of the file; returns what gives its URL. */
export function pageServerForFile(): () => string {
  let script = "";
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : `<!doctype html><script type="module" src="/page.js"></script>`);
  });
  let url: string | undefined;
  beforeAll(async () => {
    script = await bundle();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return () => started(url, "the page's server");
}

function started<T>(what: T | undefined, name: string): T {
  if (what === undefined) throw new Error(`${name} has not been started`);
  return what;
}

async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: false,
      target: "esnext",
      lib: { entry: fileURLToPath(new URL("meeting-page.ts", import.meta.url)), formats: ["es"] },
    },
  });
  const [output] = [built].flat();
  if (output === undefined || !("output" in output)) throw new Error("the page was not built");
  return output.output[0].code;
}

/** A member of a meeting, in a browser context of its own. */
export class PageMember {
  readonly userId: string;
  readonly page: Page;
  readonly #options: JoinOptions;

  constructor(page: Page, options: JoinOptions) {
    this.page = page;
    this.userId = options.userId;
    this.#options = options;
  }

  /** Also after a reload: as the same user, on another page. */
  async join(): Promise<void> {
    await this.page.waitForFunction(() => "meeting" in window);
    await this.page.evaluate((options) => window.meeting.join(options), this.#options);
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.join();
  }

  report(): Promise<Report> {
    return this.page.evaluate(() => window.meeting.report());
  }

  /** Waits until the report passes the check. */
  async shows(check: (report: Report) => void, ms = 40_000): Promise<void> {
    await eventually(async () => check(await this.report()), ms);
  }

  /** Frames decoded of a member's video so far; 0 where there is none. */
  async frames(from: string, role: MediaRole): Promise<number> {
    const { peers } = await this.report();
    return peers.find(({ userId }) => userId === from)?.stats.video[role]?.framesDecoded ?? 0;
  }

  /** Waits until more frames of a member's video were decoded than by now. */
  async watches(from: PageMember, role: MediaRole): Promise<void> {
    const before = await this.frames(from.userId, role);
    await this.shows(({ peers, errors }) => {
      const peer = peers.find(({ userId }) => userId === from.userId);
      const after = peer?.stats.video[role]?.framesDecoded ?? 0;
      const seen = `${this.userId} sees ${role} of ${from.userId}`;
      expect(after, `${seen}: ${JSON.stringify({ peer, errors })}`).toBeGreaterThan(before);
    });
  }
}

/** Opens the page at the URL for the running test, and joins. */
export async function joinByPage(browser: Browser, url: string, options: JoinOptions): Promise<PageMember> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const member = new PageMember(page, options);
  await page.goto(url);
  await member.join();
  return member;
}
