/**
 * docs/BAD-INPUT.md shows what is tested, and nothing else.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { renderBadInput } from "./bad-input-page.js";

const page = fileURLToPath(new URL("../../docs/BAD-INPUT.md", import.meta.url));
const remedy =
  "docs/BAD-INPUT.md is not what is tested: UPDATE_DOCS=1 npm test -- test/docs/bad-input.test.ts";

it("shows every case of bad input, with what came of it", () => {
  const rendered = renderBadInput();
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, rendered);
  expect(readFileSync(page, "utf8"), remedy).toBe(rendered);
});
