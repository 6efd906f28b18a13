/**
 * The admin API: what services of yours may do over HTTP with rooms and members. There is none without a secret.
 * `docs/admin-api.json` describes it as OpenAPI; a test holds the two together.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { RedisUnavailable } from "../cluster/driver.js";
import type { VersionedRoster } from "../cluster/roster.js";
import { parseId } from "../protocol/id.js";
import type { Place } from "../protocol/place.js";

export interface AdminPorts {
  readonly rooms: () => Promise<Place[]>;
  readonly countMembers: (place: Place) => Promise<number>;
  readonly roster: (place: Place) => Promise<VersionedRoster>;
  readonly asList: (members: VersionedRoster["members"]) => readonly unknown[];
  readonly moderation: {
    kick(roomId: Place, userId: string, by?: string, keptOutMs?: number): Promise<boolean>;
    liftBan(roomId: Place, userId: string): Promise<boolean>;
    lock(roomId: Place, locked: boolean): Promise<boolean>;
    end(roomId: Place): Promise<number>;
    notify(roomId: Place, msg: string, data: unknown): void;
  };
  /** Called for each request that was answered. */
  readonly onAnswered: (status: number) => void;
  /** What nobody expected. */
  readonly onError: (error: unknown) => void;
}

/** Paths begin so; everything below is the API's. */
export const adminPrefix = "/admin/v1/";
/** Entries of a page. */
const defaultLimit = 100;
const greatestLimit = 1_000;
const maxBodyBytes = 65_536;
const longestKeptOutMs = 604_800_000;

class AdminError extends Error {
  readonly status: number;

  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

interface Call {
  readonly roomId: Place;
  readonly userId: string;
  readonly query: URLSearchParams;
  readonly body: () => Promise<unknown>;
}

type Route = (ports: AdminPorts, call: Call) => Promise<Readonly<Record<string, unknown>>>;

const notice = z.object({ msg: z.string().min(1).max(1_000), data: z.json().optional() });
const lock = z.object({ locked: z.boolean() });

/** By method and path. */
export const adminRoutes: Readonly<Record<string, Route>> = {
  "GET rooms": async (ports, { query }) => {
    const { page, next } = paged(await ports.rooms(), (roomId) => roomId, query);
    const counts = await Promise.all(page.map((roomId) => ports.countMembers(roomId)));
    const rooms = page.map((roomId, i) => ({ roomId, members: counts[i] ?? 0 }));
    // A node forgets a room a little later than the room its last member.
    return { rooms: rooms.filter(({ members }) => members > 0), ...next };
  },

  "GET rooms/{roomId}": async (ports, { roomId }) => {
    const { members, version, locked } = await requireRoster(ports, roomId);
    return { roomId, version, locked, members: ports.asList(members) };
  },

  "GET rooms/{roomId}/members": async (ports, { roomId, query }) => {
    const { members, version } = await requireRoster(ports, roomId);
    const { page, next } = paged([...members], ([userId]) => userId, query);
    return { roomId, version, members: ports.asList(new Map(page)), ...next };
  },

  "DELETE rooms/{roomId}/members/{userId}": async ({ moderation }, { roomId, userId, query }) => {
    const keptOutMs = wholeNumber(query, "keptOutMs", 0, longestKeptOutMs);
    return { removed: await moderation.kick(roomId, userId, undefined, keptOutMs) };
  },

  "DELETE rooms/{roomId}/bans/{userId}": async ({ moderation }, { roomId, userId }) => ({
    lifted: await moderation.liftBan(roomId, userId),
  }),

  "DELETE rooms/{roomId}": async ({ moderation }, { roomId }) => ({ removed: await moderation.end(roomId) }),

  "PUT rooms/{roomId}/lock": async ({ moderation }, { roomId, body }) => {
    const { locked } = parse(lock, await body(), 'give an object such as {"locked": true}');
    if (!(await moderation.lock(roomId, locked))) throw nobodyThere();
    return { locked };
  },

  "POST rooms/{roomId}/notices": async (ports, { roomId, body }) => {
    const remedy = "give an object with msg, a text of at most 1000 characters, and data, any JSON";
    const { msg, data } = parse(notice, await body(), remedy);
    if ((await ports.countMembers(roomId)) === 0) throw nobodyThere();
    ports.moderation.notify(roomId, msg, data);
    return { sent: true };
  },
};

export class AdminApi {
  readonly #ports: AdminPorts;
  readonly #secret: Buffer;

  constructor(ports: AdminPorts, secret: string) {
    this.#ports = ports;
    this.#secret = digest(secret);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let status = 200;
    let answer: unknown;
    try {
      this.#authenticate(request);
      const { route, call } = find(request);
      answer = await route(this.#ports, call);
    } catch (thrown) {
      // What JSON could be parsed from may be nested too deeply to be looked through, or written again.
      const error =
        thrown instanceof RangeError ? new AdminError(400, "the body is nested too deeply") : thrown;
      status = error instanceof AdminError ? error.status : error instanceof RedisUnavailable ? 503 : 500;
      if (status === 500) this.#ports.onError(error);
      answer = { error: describe(error) };
    }
    this.#ports.onAnswered(status);
    if (status === 401) response.setHeader("www-authenticate", "Bearer");
    // What was not read of the request would be taken for the next one.
    if (!request.complete) response.setHeader("connection", "close");
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(`${JSON.stringify(answer)}\n`);
  }

  #authenticate({ headers }: IncomingMessage): void {
    const [, given = ""] = headers.authorization?.match(/^Bearer (.+)$/i) ?? [];
    if (!timingSafeEqual(digest(given), this.#secret))
      throw new AdminError(401, "send the admin secret as Authorization: Bearer <secret>");
  }
}

/** Of one length, so that the comparison tells nothing of the secret's. */
function digest(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

function find(request: IncomingMessage): { route: Route; call: Call } {
  // Not as a URL: ids may be dots, which would be taken for steps between folders.
  const [, pathname = "", search] = request.url?.match(/^([^?]*)\??(.*)$/s) ?? [];
  const [collection = "", roomId, below, userId, ...rest] = pathname.slice(adminPrefix.length).split("/");
  const path = [
    collection,
    ...(roomId === undefined ? [] : ["{roomId}"]),
    ...(below === undefined ? [] : [below]),
    ...(userId === undefined ? [] : ["{userId}"]),
    ...rest,
  ].join("/");
  const route = Object.hasOwn(adminRoutes, `${request.method} ${path}`)
    ? adminRoutes[`${request.method} ${path}`]
    : undefined;
  if (route === undefined) {
    const isKnown = Object.keys(adminRoutes).some((known) => known.endsWith(` ${path}`));
    throw isKnown
      ? new AdminError(405, `${request.method} is not for this path`)
      : new AdminError(404, "there is no such path: see docs/admin-api.json");
  }
  const call = {
    roomId: roomId === undefined ? "" : requireId(roomId, "roomId"),
    userId: userId === undefined ? "" : requireId(userId, "userId"),
    query: new URLSearchParams(search),
    body: () => readJson(request),
  };
  return { route, call };
}

function requireId(encoded: string, name: string): string {
  const id = parseId(decode(encoded));
  if (id === undefined) throw new AdminError(400, `${name} is not one that a client could have`);
  return id;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function wholeNumber(query: URLSearchParams, name: string, least: number, most: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most))
    throw new AdminError(400, `${name}: give a whole number from ${least} to ${most}`);
  return number;
}

/** The entries that come after the key `after`, in order, so that pages hold although rooms come and go. */
function paged<T>(entries: readonly T[], keyOf: (entry: T) => string, query: URLSearchParams) {
  const limit = wholeNumber(query, "limit", 1, greatestLimit) ?? defaultLimit;
  const after = query.get("after") ?? "";
  const left = entries
    .filter((entry) => keyOf(entry) > after)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = left.slice(0, limit);
  const last = page.at(-1);
  return { page, next: left.length > limit && last !== undefined ? { next: keyOf(last) } : {} };
}

async function requireRoster(ports: AdminPorts, roomId: Place): Promise<VersionedRoster> {
  const roster = await ports.roster(roomId);
  if (roster.members.size === 0) throw nobodyThere();
  return roster;
}

function nobodyThere(): AdminError {
  return new AdminError(404, "nobody is in that room");
}

function parse<T>(schema: z.ZodType<T>, body: unknown, remedy: string): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new AdminError(400, remedy);
  return parsed.data;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBodyBytes) throw new AdminError(413, `send at most ${maxBodyBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof AdminError ? error : new AdminError(400, "the body broke off");
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch {
    throw new AdminError(400, "the body is no JSON");
  }
}

function describe(error: unknown): string {
  if (error instanceof AdminError) return error.message;
  if (error instanceof RedisUnavailable) return "Redis cannot be reached just now: try again";
  return "the server failed in a way it did not expect";
}
