import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/harness/global-setup.ts"],
    // Hang guards, generous because machines are slow at times; no test measures time by them.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Each file has its own Redis and its own nodes.
    pool: "forks",
    maxWorkers: 2,
    setupFiles: ["test/harness/no-stray-errors.ts"],
  },
});
