/**
 * The meeting page as people use it, served by a node of its own: what it does, and that everyone can use it.
 */
import axe, { type AxeResults } from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, it, onTestFinished, vi } from "vitest";
import { tokenCommand } from "../../src/token-command.js";
import { browserForFile } from "../harness/browser.js";
import { coturnForTest } from "../harness/coturn.js";
import { eventually } from "../harness/eventually.js";
import { startProcess } from "../harness/process.js";
import { joinMeeting } from "./chromium.mjs";

// A hang guard: several pages at once, on as many processors as there are.
vi.setConfig({ testTimeout: 120_000 });

const browser = browserForFile();
const secret = "a secret for pages, of 32 characters or more";

/** Opens the page in a context of its own; whatever it complains of fails the test. */
async function openPage(url: string, query: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser().newContext({ locale: "en-GB", ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && message.text().includes("Content Security Policy"))
      complaints.push(message.text());
  });
  const complaints: string[] = [];
  onTestFinished(() => expect(complaints).toEqual([]));
  await page.goto(`${url}/?${query}`);
  await page.locator("#name").waitFor();
  return page;
}

async function join(page: Page, name: string): Promise<Page> {
  await joinMeeting(page, name);
  return page;
}

function button(page: Page, name: string) {
  return page.getByRole("button", { name, exact: true });
}

/** What axe finds wrong. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate("axe.run()")) as AxeResults;
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** The count of decoded frames in the page's own table of peers. */
async function framesDecoded(page: Page): Promise<number> {
  return Number((await page.locator(".frames-decoded").first().textContent()) ?? 0);
}

async function tokenFor(user: string, role: string): Promise<string> {
  const said = await tokenCommand(["--user", user, "--room", "standup", "--role", role, "--ttl", "1h"], {
    SIGNALER_JWT_SECRET: secret,
  });
  return said.trim();
}

it("brings two people together who open the same link, without devices", async () => {
  const { url } = await startProcess();
  const alice = await join(await openPage(url, "fake=1&room=standup"), "Alice");
  await alice.getByText("Nobody else is here yet").waitFor();
  const bob = await join(await openPage(url, "fake=1&room=standup"), "Bob");
  for (const page of [alice, bob]) await button(page, "Behind the scenes").click();
  for (const page of [alice, bob]) {
    const first = await eventually(async () => {
      const frames = await framesDecoded(page);
      expect(frames).toBeGreaterThan(0);
      return frames;
    }, 20_000);
    await eventually(async () => expect(await framesDecoded(page)).toBeGreaterThan(first), 20_000);
  }
  await alice.getByRole("listitem", { name: "Bob, not muted", exact: true }).waitFor();
  expect(await violations(alice)).toEqual([]);
});

it("shows others what somebody switches, writes and asks", async () => {
  const { url } = await startProcess();
  const alice = await join(await openPage(url, "fake=1&room=standup"), "Alice");
  const bob = await join(await openPage(url, "fake=1&room=standup"), "Bob");
  await alice.getByRole("listitem", { name: "Bob, not muted", exact: true }).waitFor();

  await bob.keyboard.press("m");
  await alice.getByRole("listitem", { name: "Bob, muted", exact: true }).waitFor();
  await bob.keyboard.press("v");
  await alice.getByRole("listitem", { name: "Bob, muted, camera off" }).waitFor();
  await bob.keyboard.press("s");
  await alice.getByRole("listitem", { name: "Screen of Bob" }).waitFor();
  await bob.keyboard.press("s");
  await alice.getByRole("listitem", { name: "Screen of Bob" }).waitFor({ state: "detached" });

  await bob.keyboard.press("h");
  await alice.getByText("Bob would like to speak").waitFor();
  await button(alice, "Give the floor").click();
  await bob.getByText("Alice gives you the floor").waitFor();
  await bob.locator(".toast").getByRole("button", { name: "Unmute" }).click();
  await alice.getByRole("listitem", { name: "Bob, not muted, camera off", exact: true }).waitFor();

  await bob.keyboard.press("c");
  await bob.keyboard.type("<b>hello</b> m https://example.org/a");
  await bob.keyboard.press("Enter");
  await button(alice, "Chat, 1 unread").click();
  await alice.locator(".chat-lines").getByText("<b>hello</b> m").waitFor();
  expect(await alice.getByRole("link").getAttribute("href")).toBe("https://example.org/a");
  await bob.keyboard.press("Escape");
  expect(await bob.locator(".panel").isHidden()).toBe(true);

  await button(bob, "Leave").click();
  await bob.getByRole("heading", { name: "You have left the meeting" }).waitFor();
  await alice.getByText("Nobody else is here yet").waitFor();
});

it("lets the floor be given from the list of people, when the notice is gone", async () => {
  const { url } = await startProcess();
  const alice = await join(await openPage(url, "fake=1&room=standup"), "Alice");
  const bob = await join(await openPage(url, "fake=1&room=standup"), "Bob");
  await alice.getByRole("listitem", { name: "Bob, not muted", exact: true }).waitFor();
  await bob.keyboard.press("h");
  await alice.getByText("Bob would like to speak").waitFor();
  await alice
    .locator(".toast")
    .filter({ hasText: "Bob would" })
    .getByRole("button", { name: "Dismiss" })
    .click();
  await button(alice, "People").click();
  await button(alice, "Give Bob the floor").click();
  await bob.getByText("Alice gives you the floor").waitFor();
  await button(alice, "Give Bob the floor").waitFor({ state: "detached" });
});

it("sends smaller pictures to more people", async () => {
  const { url } = await startProcess();
  const alice = await openPage(url, "room=standup");
  const width = () =>
    alice.evaluate<number>(
      "document.querySelector('video.mirrored').srcObject.getVideoTracks()[0].getSettings().width",
    );
  await join(alice, "Alice");
  await eventually(async () => expect(await width()).toBe(1280));
  const others = await Promise.all(["Bob", "Carol"].map(() => openPage(url, "fake=1&room=standup")));
  for (const [index, page] of others.entries()) await join(page, `Guest ${index}`);
  await eventually(async () => expect(await width()).toBe(960));
  for (const page of others) await page.close();
  await eventually(async () => expect(await width()).toBe(1280));
});

it("lets hosts mute, lock, remove and end, and tells everybody why they are out", async () => {
  const { url } = await startProcess([], { SIGNALER_JWT_SECRET: secret });
  const host = await openPage(url, `fake=1&room=standup&token=${await tokenFor("host", "host")}`);
  expect(host.url()).not.toContain("token");
  await join(host, "Hanna");
  const guest = await join(
    await openPage(url, `fake=1&room=standup#token=${await tokenFor("guest", "member")}`),
    "Gustav",
  );
  expect(await button(guest, "Host").count()).toBe(0);

  await button(host, "People").click();
  await button(host, "Mute Gustav").click();
  await guest.getByText("Hanna has muted you").waitFor();
  await button(host, "Host").click();
  await host.getByRole("button", { name: "Lock the room" }).click();
  await guest.getByText("The room is locked: nobody new comes in").first().waitFor();
  expect(await violations(host)).toEqual([]);

  const late = await openPage(url, `fake=1&room=standup&token=${await tokenFor("late", "member")}`);
  await join(late, "Lars");
  await late.getByRole("heading", { name: "The room is locked" }).waitFor();
  expect(await violations(late)).toEqual([]);

  await button(host, "Remove Gustav").click();
  await button(host, "Remove").click();
  await guest.getByRole("heading", { name: "You have been removed" }).waitFor();

  await button(host, "Host").click();
  await host.getByRole("button", { name: "End for everyone" }).click();
  await host.getByRole("dialog").getByRole("button", { name: "End for everyone" }).click();
  await host.getByRole("heading", { name: "The meeting has ended" }).waitFor();

  const stranger = await join(await openPage(url, "fake=1&room=standup"), "Stella");
  await stranger.getByRole("heading", { name: "You need an invitation" }).waitFor();
});

it("makes way for the same person elsewhere, and says so while the server is away", async () => {
  const node = await startProcess([], { SIGNALER_JWT_SECRET: secret });
  const link = `fake=1&room=standup&token=${await tokenFor("alice", "member")}`;
  const first = await join(await openPage(node.url, link), "Alice");
  const second = await join(await openPage(node.url, link), "Alice");
  await first.getByRole("heading", { name: "You are in this meeting elsewhere" }).waitFor();
  node.kill("SIGKILL");
  await second.getByText("The connection to the server is gone.").waitFor();
});

it("is usable by everyone, in the form and in a meeting, light and dark, in both languages", async () => {
  const { url } = await startProcess();
  for (const options of [
    { colorScheme: "light", locale: "en-GB" },
    { colorScheme: "dark", locale: "zh-CN", viewport: { width: 360, height: 740 } },
  ] as const) {
    const page = await openPage(url, "fake=1&room=standup&demo=9&screen", options);
    expect(await page.locator("html").getAttribute("lang")).toBe(
      options.locale.startsWith("zh") ? "zh-CN" : "en",
    );
    expect(await violations(page)).toEqual([]);
    await join(page, "Maria");
    expect(await violations(page)).toEqual([]);
    const tools = page.locator(".tools .icon-button");
    for (let index = 0; index < (await tools.count()); index += 1) {
      await tools.nth(index).click();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press("Escape");
    }
    const width = (await page.evaluate("document.documentElement.scrollWidth - innerWidth")) as number;
    expect(width).toBe(0);
  }
});

it("keeps every control in sight at all widths, with a panel and without", async () => {
  const { url } = await startProcess();
  const page = await openPage(url, "fake=1&room=weekly-review&demo=5");
  await join(page, "Maria");
  const covered = () =>
    page.evaluate(() => {
      const controls = [...document.querySelectorAll(".room button, .controls button, .tools button")];
      return controls
        .filter((control) => {
          const { left, top, width, height } = control.getBoundingClientRect();
          return !control.contains(document.elementFromPoint(left + width / 2, top + height / 2));
        })
        .map((control) => control.ariaLabel ?? control.textContent);
    });
  for (const width of [1280, 1162, 1024, 920, 820, 740, 360]) {
    await page.setViewportSize({ width, height: 700 });
    expect([width, await covered()]).toEqual([width, []]);
    await button(page, "Chat").click();
    expect([width, await covered()]).toEqual([width, []]);
    await page.keyboard.press("Escape");
  }
});

it("gives the link to a room that has not been entered yet", async () => {
  const { url } = await startProcess();
  const permissions = ["clipboard-read", "clipboard-write"];
  const page = await openPage(url, "fake=1", { permissions });
  await page.locator("#room").fill("stand & up");
  await button(page, "Copy link").click();
  await button(page, "Link copied").waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`${url}/?room=stand+%26+up`);
});

it("works without devices that a browser refuses, and says what to do", async () => {
  const { url } = await startProcess();
  const page = await openPage(url, "room=standup");
  // Chromium's stand-in for its question grants everything: the page asks somebody who does not.
  await page.addInitScript(
    "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); }",
  );
  await page.reload();
  await page.getByText("The camera may not be used here.").waitFor();
  await page.getByText("You can join without").waitFor();
  await join(page, "Alice");
  await page.getByRole("listitem", { name: "You, muted, camera off" }).waitFor();
});

it("takes the token of a link that is opened where the page is already", async () => {
  const { url } = await startProcess([], { SIGNALER_JWT_SECRET: secret });
  const page = await join(await openPage(url, "fake=1&room=standup"), "Stella");
  await page.getByRole("heading", { name: "You need an invitation" }).waitFor();
  await page.evaluate(`location.href += "#token=${await tokenFor("stella", "member")}"`);
  await page.locator("#name").waitFor();
  expect(page.url()).not.toContain("token");
  await join(page, "Stella");
  await page.getByRole("heading", { name: "standup" }).waitFor();
});

it("keeps a keyboard where it was, and closes one thing at a time", async () => {
  const { url } = await startProcess();
  const page = await join(await openPage(url, "fake=1&room=standup&demo=5"), "Maria");
  const focused = () => page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.tagName");

  await button(page, "People").click();
  await button(page, "Remove 王小明").focus();
  await page.keyboard.press("v");
  await page.locator(".people li").first().getByText("camera off").waitFor({ state: "attached" });
  expect(await focused()).toBe("Remove 王小明");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).press("Enter");
  await button(page, "Remove 王小明").waitFor({ state: "detached" });
  expect(await focused()).toBe("People");

  const [host, menu] = [button(page, "Host"), page.locator(".host-menu")];
  await host.click();
  await menu.waitFor();
  await host.click();
  await menu.waitFor({ state: "hidden" });
  await host.press("Enter");
  await menu.waitFor();
  await page.keyboard.press("Escape");
  await menu.waitFor({ state: "hidden" });
  expect(await focused()).toBe("Host");

  const bars = page.locator(".tile-bars").first();
  const card = page.getByRole("dialog", { name: "Connection to Ada" });
  await bars.press("Enter");
  await card.waitFor();
  expect(await focused()).toBe("Connection to Ada");
  await page.keyboard.press("Escape");
  await card.waitFor({ state: "detached" });
  expect(await focused()).toBe("Connection to Ada: very good");
  await bars.click();
  await card.waitFor();
  await bars.click();
  await card.waitFor({ state: "detached" });

  expect(await page.locator(".panel").isVisible()).toBe(true);
  await page.keyboard.press("Escape");
  expect(await page.locator(".panel").isVisible()).toBe(false);
});

it("opens the chat at its end, and leaves it where somebody reads", async () => {
  const { url } = await startProcess();
  const page = await join(await openPage(url, "fake=1&room=standup"), "Alice");
  const other = await join(await openPage(url, "fake=1&room=standup"), "Bob");
  await other.keyboard.press("c");
  const say = async (text: string) => {
    await other.getByRole("textbox").fill(text);
    await other.keyboard.press("Enter");
  };
  await say("line\n".repeat(60));
  await button(page, "Chat, 1 unread").click();
  const toRead = () =>
    page.locator(".chat-lines").evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);
  await eventually(async () => expect(await toRead()).toBeLessThan(2));
  await say("to the end");
  await page.locator(".chat-lines").getByText("to the end").waitFor();
  await eventually(async () => expect(await toRead()).toBeLessThan(2));
  await page.locator(".chat-lines").evaluate((list) => list.scrollTo(0, 100));
  await eventually(async () => expect(await toRead()).toBeGreaterThan(100));
  await say("meanwhile");
  await page.locator(".chat-lines").getByText("meanwhile").waitFor({ state: "attached" });
  expect(await page.locator(".chat-lines").evaluate((list) => list.scrollTop)).toBe(100);
});

it("lets somebody in once, however often they ask, and takes names of all languages", async () => {
  const { url } = await startProcess();
  const name = "\u200fعلی\u200cرضا 👨\u200d👩\u200d👧";
  const alice = await join(await openPage(url, "fake=1&room=standup"), name);
  const bob = await join(await openPage(url, "fake=1&room=standup"), "Bob");
  await button(alice, "Leave").click();
  await button(alice, "Join again").dblclick();
  await bob.getByRole("listitem", { name: `${name}, not muted` }).waitFor();
  await bob.waitForTimeout(1_000);
  expect(await bob.getByRole("list", { name: "Participants" }).getByRole("listitem").count()).toBe(2);
});

it("says what is wrong with a screen or a device that goes, while it lasts", async () => {
  const { url } = await startProcess();
  const page = await openPage(url, "room=standup");
  await page.addInitScript(`
    const { getUserMedia } = MediaDevices.prototype;
    navigator.mediaDevices.getUserMedia = async (request) => {
      globalThis.captured = await getUserMedia.call(navigator.mediaDevices, request);
      return captured;
    };
    navigator.mediaDevices.getDisplayMedia = async () => { throw new DOMException("no", "NotAllowedError"); };`);
  await page.reload();
  await join(page, "Alice");
  await page.keyboard.press("s");
  await page.getByText("The screen is not shared.").waitFor();
  await page.evaluate("captured.getVideoTracks()[0].dispatchEvent(new Event('ended'))");
  await page.getByText("The camera has been disconnected.").waitFor();
  await page.getByRole("listitem", { name: "You, not muted, camera off" }).waitFor();
  await button(page, "Leave").click();
  await button(page, "Another room").click();
  await button(page, "Turn camera off").waitFor();
  expect(await page.locator(".problems").textContent()).toBe("");
});

it("says that the server is gone, on the way in and in the meeting, and gives back what nobody got", async () => {
  const node = await startProcess();
  const inside = await join(await openPage(node.url, "fake=1&room=standup"), "Ines");
  const outside = await openPage(node.url, "fake=1&room=standup");
  node.kill("SIGKILL");
  await inside.getByText("The connection to the server is gone.").waitFor();
  await inside.keyboard.press("c");
  await inside.keyboard.type("Are you there?");
  await inside.keyboard.press("Enter");
  await outside.locator("#name").fill("Otto");
  await outside.locator(".join-form button").click();
  await outside.getByRole("heading", { name: "The server does not answer" }).waitFor();
  await button(outside, "Try again").click();
  expect(await button(outside, "Joining …").isDisabled()).toBe(true);
  await inside.getByText("there is no connection to the server").waitFor();
  expect(await inside.getByRole("textbox").inputValue()).toBe("Are you there?");
  // What is not sent yet stays, too.
  await inside.keyboard.press("Escape");
  await inside.keyboard.press("c");
  expect(await inside.getByRole("textbox").inputValue()).toBe("Are you there?");
});

it("lets somebody copy what is behind the scenes, while it goes on", async () => {
  const { url, announcement } = await startProcess();
  const page = await join(await openPage(url, "fake=1&room=standup"), "Alice");
  await button(page, "Behind the scenes").click();
  const node = page.locator("dt:text-is('Node') + dd");
  await node.click({ clickCount: 3 });
  await join(await openPage(url, "fake=1&room=standup"), "Bob");
  await eventually(async () => expect(await framesDecoded(page)).toBeGreaterThan(0), 20_000);
  expect(await page.evaluate("getSelection().toString().trim()")).toBe(announcement["node"]);
});

it("sends media through the TURN server alone where the link says so, and says that it does", async () => {
  const turnSecret = "a-secret-that-both-have";
  const port = await coturnForTest(turnSecret);
  const { url } = await startProcess([], {
    SIGNALER_TURN_URLS: `turn:127.0.0.1:${port}?transport=tcp`,
    SIGNALER_TURN_SECRETS: turnSecret,
  });
  const alice = await join(await openPage(url, "fake=1&room=standup&relay=1"), "Alice");
  const bob = await join(await openPage(url, "fake=1&room=standup"), "Bob");
  for (const page of [alice, bob]) await button(page, "Behind the scenes").click();
  await alice.getByText("relay only").waitFor();
  for (const page of [alice, bob]) {
    await eventually(async () => expect(await framesDecoded(page)).toBeGreaterThan(0), 20_000);
    await page.getByRole("button", { name: /^Connection to/ }).click();
    await page.getByText("by TURN relay").waitFor();
  }
});

it("says that there is no TURN server for a link that asks for one", async () => {
  const { url } = await startProcess();
  const page = await join(await openPage(url, "fake=1&room=standup&relay=1"), "Alice");
  await page.getByRole("heading", { name: "There is no relay here" }).waitFor();
});

it("does not go in with a browser that has no WebRTC, and says what to do", async () => {
  const { url } = await startProcess();
  const alice = await join(await openPage(url, "fake=1&room=standup"), "Alice");
  const bob = await openPage(url, "fake=1&room=standup");
  await bob.addInitScript("delete globalThis.RTCPeerConnection");
  await bob.reload();
  await join(bob, "Bob");
  await bob.getByRole("heading", { name: "This browser cannot take part" }).waitFor();
  await button(alice, "Behind the scenes").click();
  expect(await alice.locator(".log-type").allTextContents()).toEqual(["join"]);
});

it("shows behind the scenes what the connections have failed at", async () => {
  const { url } = await startProcess();
  const alice = await openPage(url, "fake=1&room=standup");
  await alice.addInitScript(
    "globalThis.RTCPeerConnection = class { constructor() { throw new Error('too many connections'); } }",
  );
  await alice.reload();
  await join(alice, "Alice");
  await join(await openPage(url, "fake=1&room=standup"), "Bob");
  await button(alice, "Behind the scenes").click();
  const failed = alice.locator(".log li", { has: alice.locator(".failed") }).first();
  await failed.locator("summary").click();
  await failed.getByText("Error: too many connections").waitFor();
});

it("takes away what lies over a meeting that ends", async () => {
  const { url } = await startProcess();
  const page = await openPage(url, "fake=1&room=standup&demo=5");
  // As a host would from elsewhere: a press beside a card closes that by itself.
  const end = () => page.evaluate("document.querySelector('.leave').click()");
  await join(page, "Maria");
  await page.locator(".tile-bars").first().press("Enter");
  await page.getByRole("dialog", { name: "Connection to Ada" }).waitFor();
  await end();
  await page.locator(".quality-card").waitFor({ state: "detached" });
  await button(page, "Join again").click();
  await button(page, "Settings").click();
  await page.evaluate(
    "document.querySelector('dialog').addEventListener('close', () => { globalThis.wasClosed = true; })",
  );
  await end();
  await eventually(async () => expect(await page.evaluate("globalThis.wasClosed")).toBe(true));
  await page.locator("dialog").waitFor({ state: "detached" });
  await button(page, "Join again").click();
  await page.locator(".meeting").waitFor();
});

it("lets go of a screen that is granted when the meeting is over", async () => {
  const { url } = await startProcess();
  const page = await openPage(url, "room=standup");
  await page.addInitScript(`
    navigator.mediaDevices.getDisplayMedia = () => new Promise((resolve) => {
      globalThis.grant = () => {
        globalThis.granted = document.createElement("canvas").captureStream();
        resolve(granted);
      };
    });`);
  await page.reload();
  await join(page, "Alice");
  await page.keyboard.press("s");
  await eventually(async () => expect(await page.evaluate("typeof globalThis.grant")).toBe("function"));
  await button(page, "Leave").click();
  await page.getByRole("heading", { name: "You have left the meeting" }).waitFor();
  await page.evaluate("grant()");
  await eventually(async () =>
    expect(await page.evaluate("granted.getVideoTracks()[0].readyState")).toBe("ended"),
  );
  await button(page, "Join again").click();
  await page.getByRole("listitem", { name: "You, not muted", exact: true }).waitFor();
  expect(await page.getByRole("listitem", { name: "Your screen" }).count()).toBe(0);
});

it("fills the space with pictures, on a small screen as well", async () => {
  const { url } = await startProcess();
  const viewport = { width: 360, height: 740 };
  const page = await join(await openPage(url, "fake=1&room=standup&demo=2", { viewport }), "Maria");
  const unused = () =>
    page.locator(".tiles").evaluate((list) => {
      const [first, second] = [...list.children].map((tile) => tile.getBoundingClientRect());
      return list.clientHeight - ((second?.bottom ?? 0) - (first?.top ?? 0));
    });
  await eventually(async () => expect(await unused()).toBeLessThan(2));
});
