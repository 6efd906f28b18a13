/**
 * Programs that tests run against. A missing one is installed from Debian's packages where that is possible,
 * and otherwise one line says what to install.
 */
import { spawnSync } from "node:child_process";

/** @throws Error with one line that says what to install. */
export function ensureProgram(program: string, debianPackage: string): void {
  if (isInstalled(program)) return;
  const remedy = `${program} is needed: install it (Debian: apt-get install ${debianPackage})`;
  if (process.getuid?.() !== 0 || !isInstalled("apt-get")) throw new Error(remedy);
  const apt = (...args: string[]) =>
    spawnSync("apt-get", ["-qq", ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    }).status === 0;
  console.log(`installing ${debianPackage}`);
  const installed = apt("install", "-y", "--no-install-recommends", debianPackage);
  if (!installed && !(apt("update") && apt("install", "-y", "--no-install-recommends", debianPackage)))
    throw new Error(remedy);
}

function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}
