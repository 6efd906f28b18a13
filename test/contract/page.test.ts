/**
 * The meeting page as nodes serve it, over plain HTTP.
 */
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { EmbeddedDriver } from "../../src/cluster/embedded-driver.js";
import type { Config } from "../../src/index.js";
import { startNode, unique } from "../harness/nodes.js";

const folder = new URL("../../dist/web/assets/", import.meta.url);
const assets = readdirSync(fileURLToPath(folder));

async function startPage(config: Partial<Config> = {}): Promise<string> {
  const { url } = await startNode(
    { name: "embedded", newDriver: () => EmbeddedDriver.create(unique("page")) },
    config,
  );
  return url;
}

/** Asks for the path as it is given; `fetch` would tidy it up. */
function statusOf(url: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = request({ hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject);
    asked.end();
  });
}

it("serves the page with what protects it, and has browsers ask for it anew", async () => {
  const url = await startPage();
  const response = await fetch(`${url}/?room=standup`);
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('<div id="page">');
  const headers = Object.fromEntries(response.headers);
  expect(headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  expect(headers["content-security-policy"]).toMatch(/^default-src 'self'; connect-src 'self'; /);
  expect(headers["content-security-policy"]).not.toContain("unsafe");
  expect(headers["permissions-policy"]).toMatch(
    /camera=\(self\), microphone=\(self\), display-capture=\(self\)/,
  );

  const again = await fetch(url, { headers: { "if-none-match": headers["etag"] ?? "" } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
});

it("serves what the page needs, by names that change with what is in it, for a year", async () => {
  const url = await startPage();
  const types: Record<string, string> = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
  expect(assets.length).toBeGreaterThan(2);
  for (const name of assets) {
    // Vite's hash of the content.
    expect(name).toMatch(/-[\w-]{8}\.\w+$/);
    const response = await fetch(`${url}/assets/${name}`);
    expect([name, response.status]).toEqual([name, 200]);
    expect(response.headers.get("content-type")).toContain(types[name.split(".").at(-1) ?? ""]);
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(response.headers.get("content-encoding")).toBe("gzip");
    const plain = await fetch(`${url}/assets/${name}`, { headers: { "accept-encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe(await response.text());
  }
});

it("is light: 120 KB of JavaScript at most, gzipped", () => {
  const scripts = assets.filter((name) => name.endsWith(".js"));
  const sizes = scripts.map((name) => gzipSync(readFileSync(new URL(name, folder))).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(120 * 1_024);
});

it("answers HEAD, and nothing else but GET", async () => {
  const url = await startPage();
  const head = await fetch(url, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect((await fetch(url, { method: "POST" })).status).toBe(405);
});

it("serves no file but those of the page, however the path is written", async () => {
  const url = await startPage();
  for (const path of [
    "/index.html/../../package.json",
    "/../package.json",
    "/..%2fpackage.json",
    "/assets/../../cli.js",
    "/assets/..%2f..%2fcli.js",
    "/assets/%2e%2e/%2e%2e/cli.js",
    "/assets\\..\\..\\cli.js",
    "//etc/passwd",
    "/assets/",
    "/assets",
    "/__proto__",
    "/index.html%00",
  ])
    expect([path, await statusOf(url, path)]).toEqual([path, 404]);
});

it("has none where it is turned off", async () => {
  const url = await startPage({ page: "off" });
  expect((await fetch(url)).status).toBe(404);
  expect((await fetch(`${url}/assets/${assets[0]}`)).status).toBe(404);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});
