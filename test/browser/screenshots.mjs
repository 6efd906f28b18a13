// Pictures of the meeting page in its states: `npm run screenshots -- FOLDER`.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { joinMeeting, launchChromium } from "./chromium.mjs";

const [folder = "screenshots"] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const laptop = { width: 1280, height: 800 };
const phone = { width: 360, height: 740 };

/** Starts a node on a free port; resolves to where it listens. */
async function startNode(environment = {}) {
  const command = ["dist/cli.js", "serve", "--host", "127.0.0.1", "--port", "0"];
  const node = spawn(process.execPath, command, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface(node.stdout)) {
    const { url } = JSON.parse(line);
    if (url !== undefined) return { url, stop: () => node.kill() };
  }
  throw new Error("the node did not start");
}

const open = await startNode();
const closed = await startNode({ SIGNALER_JWT_SECRET: "a secret for pictures, of 32 characters" });
const browser = await launchChromium();

/** One picture, on a page of its own. */
async function picture(
  name,
  { url = open.url, query = "", viewport = laptop, locale = "en-GB", colorScheme = "light" },
  act,
) {
  const context = await browser.newContext({
    viewport,
    locale,
    colorScheme,
    permissions: ["camera", "microphone"],
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(name, error));
  page.on("console", (message) => message.type() === "error" && console.error(name, message.text()));
  await page.goto(`${url}/?${query}`);
  await page.locator("#name").waitFor();
  await act(page, context);
  await page.waitForTimeout(900);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await context.close();
}

const join = (page, name = "Maria") => joinMeeting(page, name);

async function press(page, label) {
  await page.getByRole("button", { name: label }).first().click();
}

const demo = (count, rest = "") => `fake&room=weekly-review&demo=${count}${rest}`;

await picture("join", { query: "room=weekly-review" }, (page) => page.locator("#name").fill("Maria"));
await picture(
  "join-dark-chinese",
  { query: "fake&room=weekly-review", locale: "zh-CN", colorScheme: "dark" },
  async () => {},
);
await picture("join-phone", { query: "room=weekly-review", viewport: phone }, async () => {});
await picture("meeting-1", { query: "fake&room=weekly-review" }, (page) => join(page));
await picture("meeting-3", { query: demo(3) }, (page) => join(page));
await picture("meeting-9", { query: demo(9) }, (page) => join(page));
await picture("meeting-12-dark", { query: demo(12), colorScheme: "dark" }, (page) => join(page));
await picture("screen-chat", { query: demo(7, "&screen") }, async (page) => {
  await join(page);
  await press(page, "Chat");
  await page.locator("textarea").fill("On my way, two minutes.");
  await page.keyboard.press("Enter");
});
await picture("people", { query: demo(9) }, async (page) => {
  await join(page);
  await press(page, "People");
});
await picture("engineer-dark", { query: demo(5), colorScheme: "dark" }, async (page) => {
  await join(page);
  await press(page, "Behind the scenes");
});
await picture("host-menu", { query: demo(5) }, async (page) => {
  await join(page);
  await press(page, "Host");
});
await picture("quality", { query: demo(3) }, async (page) => {
  await join(page);
  await page.locator(".tile-bars").first().click();
});
await picture("settings-chinese", { query: `room=weekly-review&demo=4`, locale: "zh-CN" }, async (page) => {
  await join(page, "玛丽");
  await press(page, "设置");
});
await picture("meeting-9-chinese", { query: demo(9), locale: "zh-CN" }, (page) => join(page, "玛丽"));
await picture("meeting-phone", { query: demo(6), viewport: phone }, (page) => join(page));
await picture(
  "screen-phone-dark",
  { query: demo(6, "&screen"), viewport: phone, colorScheme: "dark" },
  (page) => join(page),
);
await picture("chat-phone", { query: demo(4), viewport: phone }, async (page) => {
  await join(page);
  await press(page, "Chat");
});
await picture("error-token", { url: closed.url, query: "fake&room=weekly-review" }, (page) => join(page));
await picture("people-tablet", { query: demo(5), viewport: { width: 820, height: 1100 } }, async (page) => {
  await join(page);
  await press(page, "People");
});
await picture("refused", { query: "room=weekly-review" }, async (page) => {
  const refuse =
    "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }";
  await page.addInitScript(refuse);
  await page.reload();
  await page.getByText("You can join without").waitFor();
});
const passing = await startNode();
await picture("reconnecting", { url: passing.url, query: "fake&room=weekly-review" }, async (page) => {
  await join(page);
  passing.stop();
  await page.locator(".banner strong").waitFor();
});
await picture("two-live", { query: "fake&room=two-live" }, async (page, context) => {
  await join(page);
  const other = await context.newPage();
  await other.goto(`${open.url}/?fake&room=two-live`);
  await join(other, "Jonas");
  await other.keyboard.press("H");
  await page.bringToFront();
  await page.waitForTimeout(4000);
});

await browser.close();
open.stop();
closed.stop();
