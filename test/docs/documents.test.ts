/**
 * Documents that say what the source says: docs/PROTOCOL.md (normative: events, codes, limits, rules), what the
 * client does in docs/CLIENT.md, and the settings in docs/CONFIGURATION.md and the compose file.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { maxTokenLength, maxTokenRooms } from "../../src/access/token-verifier.js";
import { isFinal } from "../../src/client/endings.js";
import { isCode, SignalingError } from "../../src/client/signaling-error.js";
import { loadConfig } from "../../src/config/load-config.js";
import { settings } from "../../src/config/settings.js";
import { bytesPerToken } from "../../src/gateway/packet-decoder.js";
import { maxFragments } from "../../src/gateway/web-socket-server.js";
import { maxWaitingEvents } from "../../src/meeting/meeting.js";
import { addressedEvents, hostEvents, roomEvents } from "../../src/protocol/events.js";
import { failures } from "../../src/protocol/failures.js";
import { maxProfileBytes, maxProfileFields } from "../../src/protocol/handshake.js";
import { maxIdLength } from "../../src/protocol/id.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const protocol = readFileSync(`${root}docs/PROTOCOL.md`, "utf8");

/** The rows of the table in a section, as cells without back quotes. */
function table(document: string, heading: RegExp): string[][] {
  const [, section = ""] = document.split(heading);
  const [own = ""] = section.split(/^## /m);
  return own
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll("`", "").replaceAll("\\|", "|")),
    );
}

it("lists the failures of the source, word for word", () => {
  const listed = Object.fromEntries(
    table(protocol, /^## 6\. .*$/m).map(([code = "", status, retry, ends, message]) => [
      code,
      { status: Number(status), retry: retry === "yes", ends, message },
    ]),
  );
  expect(listed).toEqual(failures);
});

it("lists the events of the source with their texts", () => {
  expect(Object.fromEntries(table(protocol, /^## 4\. .*$/m))).toEqual(addressedEvents);
  const listed = table(protocol, /^## 3\. .*$/m).map(([event]) => event);
  expect(new Set(listed)).toEqual(new Set([...roomEvents, ...hostEvents]));
});

it("lists the limits of the source", () => {
  const config = loadConfig([], {});
  const values = table(protocol, /^## 7\. .*$/m).map(([, value = ""]) => value);
  expect(values).toEqual([
    `${maxIdLength} UTF-16 code units`,
    `${maxProfileFields}`,
    `${maxProfileBytes} bytes`,
    `${maxTokenRooms}`,
    `${maxTokenLength} characters`,
    `${maxWaitingEvents}`,
    `${config.handshakeMs} ms, SIGNALER_HANDSHAKE_MS`,
    `${config.messageRate} a second, SIGNALER_MESSAGE_RATE`,
    `${config.messageBurst}, SIGNALER_MESSAGE_BURST`,
    `${bytesPerToken}`,
    `${maxFragments}`,
    `${config.maxQueuedBytes} bytes, SIGNALER_MAX_QUEUED_BYTES`,
    `${config.connectionsPerUser}, SIGNALER_CONNECTIONS_PER_USER`,
    `${config.connectionsPerAddress}, SIGNALER_CONNECTIONS_PER_ADDRESS`,
    `${config.failedHandshakes}, SIGNALER_FAILED_HANDSHAKES`,
    `${config.maxRooms}, SIGNALER_MAX_ROOMS`,
    "no bound, SIGNALER_ROOM_CAPACITY",
    `${config.maxMessageBytes} bytes, SIGNALER_MAX_MESSAGE_BYTES`,
  ]);
  expect(config.roomCapacity).toBe(0);
});

it("has every rule that the code and the tests cite, and no number twice", () => {
  const defined = [...protocol.matchAll(/^- \*\*\[(P-\d+)\]\*\*/gm)].map(([, rule]) => rule);
  expect(new Set(defined).size).toBe(defined.length);
  const cited = new Set<string>();
  for (const folder of ["src", "test"])
    for (const file of readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" }))
      if (file.endsWith(".ts"))
        for (const [, rule = ""] of readFileSync(`${root}${folder}/${file}`, "utf8").matchAll(/\[(P-\d+)\]/g))
          cited.add(rule);
  for (const [, rule = ""] of protocol.matchAll(/\[(P-\d+)\]/g)) cited.add(rule);
  expect([...cited].filter((rule) => !defined.includes(rule))).toEqual([]);
});

it("is cited by code or tests, rule for rule", () => {
  const defined = [...protocol.matchAll(/^- \*\*\[(P-\d+)\]\*\*/gm)].map(([, rule = ""]) => rule);
  const sources = ["src", "test"].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(`${root}${folder}/${file}`, "utf8")),
  );
  const uncited = defined.filter((rule) => !sources.some((source) => source.includes(`[${rule}]`)));
  expect(uncited).toEqual([]);
});

it("and the compose file passes every setting on that is not its own business", () => {
  const compose = readFileSync(`${root}docker-compose.yml`, "utf8");
  // Open unless it is said otherwise: whoever tries the cluster out means it so.
  const passed = [...compose.matchAll(/^ +(SIGNALER_\w+): \$\{\1(:-|-open)\}$/gm)].map(([, env]) => env);
  const own = ["SIGNALER_PORT", "SIGNALER_HOST", "REDIS_URL"];
  expect(passed).toEqual(
    Object.values(settings)
      .map(({ env }) => env)
      .filter((env) => !own.includes(env)),
  );
});

it("and the table of settings is the source's", () => {
  const listed = table(readFileSync(`${root}docs/CONFIGURATION.md`, "utf8"), /^# Configuration$/m);
  expect(listed).toEqual(
    Object.values(settings).map((setting) => [
      setting.env,
      `--${setting.flag}`,
      setting.default ?? "none",
      setting.meaning,
    ]),
  );
});

it("says of every ending what becomes of a client", () => {
  const rows = table(readFileSync(`${root}docs/CLIENT.md`, "utf8"), /^## What ends it$/m);
  const listed = rows.flatMap(([codes = "", ...fates]) => codes.split(", ").map((code) => [code, ...fates]));
  const fate = (final: boolean) => (final ? "closed" : "tries again");
  for (const [code, ...fates] of listed) {
    if (!isCode(code)) throw new Error(`${code} is no code`);
    const error = new SignalingError(code);
    expect([code, ...fates]).toEqual([code, fate(isFinal(error, false)), fate(isFinal(error, true))]);
  }
  const ends = Object.entries(failures).filter(([, meaning]) => meaning.ends !== "no");
  const own = ["disconnected", "ended", "left", "token_unavailable"];
  expect(listed.map(([code]) => code).sort()).toEqual([...ends.map(([code]) => code), ...own].sort());
});
