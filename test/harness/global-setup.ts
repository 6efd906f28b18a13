/**
 * Once before all tests: gets what they run against, and builds the command that some of them start.
 */
import { execFileSync } from "node:child_process";
import { ensureProgram } from "./programs.js";

export default function setup(): void {
  ensureProgram("redis-server", "redis-server");
  for (const program of ["haproxy", "nginx", "openssl"]) ensureProgram(program, program);
  ensureProgram("turnserver", "coturn");
  ensureProgram("chromium", "chromium");
  execFileSync("npm", ["run", "build", "--silent"], { stdio: ["ignore", "inherit", "inherit"] });
}
