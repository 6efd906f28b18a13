/** How the meeting page is built: into `dist/web`, from where every node serves it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}../../package.json`, "utf8")) as { version: string };

export default defineConfig({
  root,
  define: { pageVersion: JSON.stringify(manifest.version) },
  build: {
    outDir: "../../dist/web",
    emptyOutDir: true,
    // Nothing in line: the page's policy would refuse scripts, and a hash in the name is what is cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    // A slow machine is no news.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
