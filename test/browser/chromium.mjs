// Chromium with fake devices, for tests and scripts: CHROMIUM names another browser to use.
import { chromium } from "playwright-core";

const args = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
];

/** @param extra - further arguments; of those that stand there already the later one counts. */
export function launchChromium(extra = []) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: [...args, ...extra] });
}

/** Takes part in the meeting of the page; resolves once it shows one, or why not. */
export async function joinMeeting(page, name) {
  await page.locator("#name").fill(name);
  await page.locator(".join-form button").click();
  await page.locator(".meeting, .ending").waitFor();
}
