/**
 * Every setting: its flag, its environment variable, its default, its meaning. Flag wins over environment,
 * environment over default. The help text is made from this list, and a test holds docs/CONFIGURATION.md to it.
 */
import { z } from "zod";
import { networks } from "./networks.js";

const wholeNumber = (least: number, most: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(least).max(most));

const redisUrl = z.string().refine((value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return (url?.protocol === "redis:" || url?.protocol === "rediss:") && url.hostname !== "";
});

/** Node fetches none with a user or password, and shows the whole URL in the error. */
const jwksUrl = z.string().refine((value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return /^https?:$/.test(url?.protocol ?? "") && url?.username === "" && url.password === "";
});

const origin = z
  .string()
  .refine((value) => value === "*" || (URL.canParse(value) && new URL(value).origin === value));

const listOf = (item: z.ZodType<string, string>, most = 100) =>
  z
    .string()
    .transform((value) => value.split(",").map((part) => part.trim()))
    .pipe(z.array(item).min(1).max(most));

/** As browsers take them (RFC 7064, RFC 7065): one that is not accepted would fail every call. */
const iceHost = String.raw`(\[[\da-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?`;
const stunUrl = z.string().regex(new RegExp(`^stuns?:${iceHost}$`));
const turnUrl = z.string().regex(new RegExp(`^turns?:${iceHost}(\\?transport=(udp|tcp))?$`));
/** Long, because whoever holds a credential can try secrets against it. */
const turnSecret = z.string().regex(/^\S{16,}$/);

export interface Setting<T> {
  readonly flag: string;
  readonly env: string;
  /** Stands for the value in the help text. */
  readonly value: string;
  readonly meaning: string;
  /** As a person would write it; undefined: none. */
  readonly default: string | undefined;
  /** What to do about a value that is refused. */
  readonly remedy: string;
  /** Whether the value may hold a password, and so is never shown as it is. */
  readonly secret?: boolean;
  readonly schema: z.ZodType<T>;
}

function setting<T>(setting: Setting<T>): Setting<T> {
  return setting;
}

export const settings = {
  port: setting({
    flag: "port",
    env: "SIGNALER_PORT",
    value: "PORT",
    meaning: "TCP port to listen on; 0 takes a free one",
    default: "18080",
    remedy: "give a whole number from 0 to 65535",
    schema: wholeNumber(0, 65_535),
  }),
  host: setting({
    flag: "host",
    env: "SIGNALER_HOST",
    value: "ADDRESS",
    meaning: "address to listen on; without it, every address of the machine",
    default: undefined,
    remedy: "give an IP address of this machine, such as 127.0.0.1",
    schema: z.string().min(1),
  }),
  redisUrl: setting({
    flag: "redis-url",
    env: "REDIS_URL",
    value: "URL",
    meaning: "the Redis that the nodes of a cluster share; without it the node is by itself",
    default: undefined,
    remedy: "give a URL such as redis://user:password@host:6379/0, or rediss:// for TLS",
    secret: true,
    schema: redisUrl,
  }),
  duplicates: setting({
    flag: "duplicates",
    env: "SIGNALER_DUPLICATES",
    value: "replace|reject",
    meaning: "who stays when a user enters a room a second time: the newer connection, or the older",
    default: "replace",
    remedy: "give replace or reject",
    schema: z.enum(["replace", "reject"]),
  }),
  rosterEvent: setting({
    flag: "roster-event",
    env: "SIGNALER_ROSTER_EVENT",
    value: "object|list",
    meaning: "what the roomUserList event carries: JSON strings by userId, or a list of objects",
    default: "object",
    remedy: "give object or list",
    schema: z.enum(["object", "list"]),
  }),
  scope: setting({
    flag: "scope",
    env: "SIGNALER_SCOPE",
    value: "room|global",
    meaning: "whom a user can address: those in a shared room, or everyone connected",
    default: "room",
    remedy: "give room or global",
    schema: z.enum(["room", "global"]),
  }),
  roomCapacity: setting({
    flag: "room-capacity",
    env: "SIGNALER_ROOM_CAPACITY",
    value: "MEMBERS",
    meaning: "most members of a room; 0 for no bound",
    default: "0",
    remedy: "give a whole number from 0 to 100000",
    schema: wholeNumber(0, 100_000),
  }),
  maxRooms: setting({
    flag: "max-rooms",
    env: "SIGNALER_MAX_ROOMS",
    value: "ROOMS",
    meaning: "most rooms that one connection may be in at once",
    default: "16",
    remedy: "give a whole number from 1 to 1000",
    schema: wholeNumber(1, 1_000),
  }),
  maxMessageBytes: setting({
    flag: "max-message-bytes",
    env: "SIGNALER_MAX_MESSAGE_BYTES",
    value: "BYTES",
    meaning: "largest message from a client; a frame four times as large ends its connection",
    default: "65536",
    remedy: "give a whole number from 1024 to 16777216",
    schema: wholeNumber(1_024, 16_777_216),
  }),
  messageRate: setting({
    flag: "message-rate",
    env: "SIGNALER_MESSAGE_RATE",
    value: "EVENTS",
    meaning: "events that a connection may send in a second, over time; 0 for no bound",
    default: "50",
    remedy: "give a whole number from 0 to 100000",
    schema: wholeNumber(0, 100_000),
  }),
  messageBurst: setting({
    flag: "message-burst",
    env: "SIGNALER_MESSAGE_BURST",
    value: "EVENTS",
    meaning: "events that a connection may send at once, as at the start of a call, before its rate counts",
    default: "500",
    remedy: "give a whole number from 1 to 100000",
    schema: wholeNumber(1, 100_000),
  }),
  connectionsPerUser: setting({
    flag: "connections-per-user",
    env: "SIGNALER_CONNECTIONS_PER_USER",
    value: "CONNECTIONS",
    meaning: "most connections of one user to one node; 0 for no bound",
    default: "20",
    remedy: "give a whole number from 0 to 100000",
    schema: wholeNumber(0, 100_000),
  }),
  connectionsPerAddress: setting({
    flag: "connections-per-address",
    env: "SIGNALER_CONNECTIONS_PER_ADDRESS",
    value: "CONNECTIONS",
    meaning: "most connections of one address (of an IPv6 /64) to one node; 0 for no bound",
    default: "1000",
    remedy: "give a whole number from 0 to 1000000",
    schema: wholeNumber(0, 1_000_000),
  }),
  failedHandshakes: setting({
    flag: "failed-handshakes",
    env: "SIGNALER_FAILED_HANDSHAKES",
    value: "HANDSHAKES",
    meaning: "handshakes of one address that may fail on one node in a minute; 0 for no bound",
    default: "100",
    remedy: "give a whole number from 0 to 1000000",
    schema: wholeNumber(0, 1_000_000),
  }),
  trustedProxies: setting({
    flag: "trusted-proxies",
    env: "SIGNALER_TRUSTED_PROXIES",
    value: "NETWORKS",
    meaning:
      "proxies whose X-Forwarded-For is believed, by commas: addresses, networks such as 10.0.0.0/8, loopback, private, none; their own addresses are not counted",
    default: "loopback,private",
    remedy: "give loopback, private, none, or addresses and networks such as 203.0.113.7,10.0.0.0/8",
    schema: networks,
  }),
  handshakeMs: setting({
    flag: "handshake-ms",
    env: "SIGNALER_HANDSHAKE_MS",
    value: "MS",
    meaning: "how long a client may take to say who it is",
    default: "5000",
    remedy: "give a whole number of milliseconds from 100 to 60000",
    schema: wholeNumber(100, 60_000),
  }),
  maxQueuedBytes: setting({
    flag: "max-queued-bytes",
    env: "SIGNALER_MAX_QUEUED_BYTES",
    value: "BYTES",
    meaning: "what may wait for a client to read it; if more does, it has to read on, or is cut",
    default: "1048576",
    remedy: "give a whole number from 65536 to 1073741824",
    schema: wholeNumber(65_536, 1_073_741_824),
  }),
  origins: setting({
    flag: "origins",
    env: "SIGNALER_ORIGINS",
    value: "ORIGINS",
    meaning: "origins of the pages that may connect, separated by commas; * for any",
    default: "*",
    remedy: "give * or origins without a path, such as https://meet.example.com",
    schema: listOf(origin),
  }),
  auth: setting({
    flag: "auth",
    env: "SIGNALER_AUTH",
    value: "open|token",
    meaning: "who may connect: anyone, or those with a token; token if there is a secret or a URL of keys",
    default: undefined,
    remedy: "give open or token",
    schema: z.enum(["open", "token"]),
  }),
  jwtSecret: setting({
    flag: "jwt-secret",
    env: "SIGNALER_JWT_SECRET",
    value: "SECRET",
    meaning:
      "secret with which tokens are signed (HS256, HS384, HS512); flags are seen by others on the machine",
    default: undefined,
    remedy: "give at least 32 characters, such as `openssl rand -hex 32` makes",
    secret: true,
    schema: z.string().min(32),
  }),
  jwksUrl: setting({
    flag: "jwks-url",
    env: "SIGNALER_JWKS_URL",
    value: "URL",
    meaning: "where the public keys are published with which tokens are checked, instead of a secret",
    default: undefined,
    remedy: "give an https URL, or an http URL inside your own network, without a user or password",
    secret: true,
    schema: jwksUrl,
  }),
  jwtIssuer: setting({
    flag: "jwt-issuer",
    env: "SIGNALER_JWT_ISSUER",
    value: "ISSUER",
    meaning: "the iss that tokens must have; without it, any",
    default: undefined,
    remedy: "give the issuer as tokens name it",
    schema: z.string().min(1),
  }),
  jwtAudience: setting({
    flag: "jwt-audience",
    env: "SIGNALER_JWT_AUDIENCE",
    value: "AUDIENCE",
    meaning: "the aud that tokens must have; without it, any",
    default: undefined,
    remedy: "give the audience as tokens name it",
    schema: z.string().min(1),
  }),
  kickMs: setting({
    flag: "kick-ms",
    env: "SIGNALER_KICK_MS",
    value: "MS",
    meaning: "how long whoever a host removes from a room cannot come back to it",
    default: "3600000",
    remedy: "give a whole number of milliseconds from 0 to 604800000",
    schema: wholeNumber(0, 604_800_000),
  }),
  adminSecret: setting({
    flag: "admin-secret",
    env: "SIGNALER_ADMIN_SECRET",
    value: "SECRET",
    meaning: "what services show to use the admin API; without it there is none",
    default: undefined,
    remedy: "give at least 32 characters, such as `openssl rand -hex 32` makes",
    secret: true,
    schema: z.string().min(32),
  }),
  stunUrls: setting({
    flag: "stun-urls",
    env: "SIGNALER_STUN_URLS",
    value: "URLS",
    meaning: "STUN servers that clients are told of, separated by commas",
    default: undefined,
    remedy: "give URLs such as stun:stun.example.com:3478, separated by commas",
    schema: listOf(stunUrl),
  }),
  turnUrls: setting({
    flag: "turn-urls",
    env: "SIGNALER_TURN_URLS",
    value: "URLS",
    meaning: "TURN servers that clients get credentials for, separated by commas",
    default: undefined,
    remedy: "give URLs such as turn:turn.example.com:3478?transport=udp, separated by commas",
    schema: listOf(turnUrl),
  }),
  turnSecrets: setting({
    flag: "turn-secrets",
    env: "SIGNALER_TURN_SECRETS",
    value: "SECRET[,SECRET]",
    meaning: "secrets that the TURN servers share, one or two: credentials are made with the first",
    default: undefined,
    remedy:
      "give one secret, or two separated by a comma, of at least 16 characters without spaces, such as `openssl rand -hex 32` makes",
    secret: true,
    schema: listOf(turnSecret, 2),
  }),
  turnTtlS: setting({
    flag: "turn-ttl-s",
    env: "SIGNALER_TURN_TTL_S",
    value: "SECONDS",
    meaning: "how long TURN credentials last; clients get fresh ones before that",
    default: "3600",
    remedy: "give a whole number of seconds from 60 to 86400",
    schema: wholeNumber(60, 86_400),
  }),
  page: setting({
    flag: "page",
    env: "SIGNALER_PAGE",
    value: "on|off",
    meaning: "whether the node serves the meeting page at /",
    default: "on",
    remedy: "give on or off",
    schema: z.enum(["on", "off"]),
  }),
  leaseMs: setting({
    flag: "lease-ms",
    env: "SIGNALER_LEASE_MS",
    value: "MS",
    meaning: "how long the others believe that a silent node lives",
    default: "10000",
    remedy: "give a whole number of milliseconds from 1000 to 600000",
    schema: wholeNumber(1_000, 600_000),
  }),
  drainMs: setting({
    flag: "drain-ms",
    env: "SIGNALER_DRAIN_MS",
    value: "MS",
    meaning: "how long closing may take after SIGTERM before what is left is cut",
    default: "5000",
    remedy: "give a whole number of milliseconds from 0 to 600000",
    schema: wholeNumber(0, 600_000),
  }),
  logLevel: setting({
    flag: "log-level",
    env: "SIGNALER_LOG_LEVEL",
    value: "LEVEL",
    meaning: "least severe log lines to write: trace, debug, info, warn, error or silent",
    default: "info",
    remedy: "give trace, debug, info, warn, error or silent",
    schema: z.enum(["trace", "debug", "info", "warn", "error", "silent"]),
  }),
};

type Settings = typeof settings;
type ValueOf<S> = S extends { readonly schema: z.ZodType<infer T> } ? T : never;

/** Settings that may be left out, and then are undefined. */
type Optional =
  | "adminSecret"
  | "host"
  | "redisUrl"
  | "jwtSecret"
  | "jwksUrl"
  | "jwtIssuer"
  | "jwtAudience"
  | "stunUrls"
  | "turnUrls"
  | "turnSecrets";

/** The settings' values. Durations are in milliseconds, but for one that says otherwise. `auth` is settled, whether it was given or not. */
export type Config = {
  readonly [Name in keyof Settings]: Name extends Optional
    ? ValueOf<Settings[Name]> | undefined
    : ValueOf<Settings[Name]>;
};
