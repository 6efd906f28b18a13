/**
 * What people wait for on the meeting page, in Chromium: until it shows something, and from the press of "Join" until
 * they see somebody who is in the room already, on another node.
 */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { joinMeeting, launchChromium } from "../browser/chromium.mjs";
import { startCluster } from "./systems.mjs";

const assets = new URL("../../dist/web/assets/", import.meta.url);

/**
 * @returns times in milliseconds: `paints` of pages that no cache holds, and `firstFrames`; and the page's JavaScript
 * in bytes, as gzip makes it.
 */
export async function measureMeetingPage({ paints, joins }, onProgress) {
  const cluster = await startCluster("signaler", 2);
  const browser = await launchChromium();
  const results = { paints: [], firstFrames: [], scriptBytes: scriptBytes() };
  try {
    const [here, there] = cluster.nodes.map(({ url }) => `${url}/?room=bench&fake=1`);
    for (let run = 0; run < paints; run += 1) {
      onProgress(`meeting page: first paint ${run + 1}`);
      results.paints.push(await visit(browser, here, firstPaint));
    }
    const host = await browser.newPage();
    await host.goto(here);
    await joinMeeting(host, "Alice");
    for (let run = 0; run < joins; run += 1) {
      onProgress(`meeting page: join ${run + 1}`);
      results.firstFrames.push(await visit(browser, there, firstFrame));
      await host.locator(".alone").waitFor();
    }
  } finally {
    await browser.close();
    await cluster.stop();
  }
  return results;
}

/** In a context of its own, and so with an empty cache. */
async function visit(browser, url, measure) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  const measured = await measure(page);
  await context.close();
  return measured;
}

/** Since the page was asked for. */
function firstPaint(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const observer = new PerformanceObserver((list) => {
          for (const { name, startTime } of list.getEntries())
            if (name === "first-contentful-paint") resolve(startTime);
        });
        observer.observe({ type: "paint", buffered: true });
      }),
  );
}

/** From the press of the button until a decoded frame of the other's camera is put on the screen. */
async function firstFrame(page) {
  const shown = page.evaluate(
    () =>
      new Promise((resolve) => {
        let pressedAt = 0;
        document.addEventListener(
          "submit",
          () => {
            pressedAt = performance.now();
            look();
          },
          { capture: true, once: true },
        );
        const look = () => {
          const video = document.querySelector(".tile[data-picture] video:not(.mirrored)");
          if (video === null) requestAnimationFrame(look);
          else video.requestVideoFrameCallback((now) => resolve(now - pressedAt));
        };
      }),
  );
  await joinMeeting(page, "Bob");
  return shown;
}

function scriptBytes() {
  return readdirSync(assets)
    .filter((name) => name.endsWith(".js"))
    .reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, assets))).length, 0);
}
