/**
 * What is no HTTP, or no request that Engine.IO knows.
 */
import type { Fate, RequestCase } from "./cases.js";

/** What the server must be told to allow, so that others are refused. */
export const allowedOrigin = "https://meet.example.com";

type Headers = Readonly<Record<string, string | number>>;

/** The text of a request. */
function text(method: string, target: string, headers: Headers = {}, body = ""): string {
  const lines = Object.entries({ Host: "x", ...headers }).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${target} HTTP/1.1`, ...lines, "", body].join("\r\n");
}

const query = "/socket.io/?EIO=4&transport=polling";
const upgrade: Headers = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": 13,
  "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
};
const socketQuery = "/socket.io/?EIO=4&transport=websocket&userId=mallory";

/** A request of nobody in particular. */
const stranger = (status: number | undefined, what: string, request: string): RequestCase => ({
  what,
  request: () => request,
  status,
  fate: undefined,
});

/** A request of a session, whose id goes where the dollar is. */
const member = (
  status: number | undefined,
  fate: Fate,
  what: string,
  ...[method, target, headers, body]: Parameters<typeof text>
): RequestCase => ({
  what,
  request: (sid) => text(method, target.replace("$", sid), headers, body),
  status,
  fate,
});

const post = (body: string, headers: Headers = {}): [string, string, Headers, string] => [
  "POST",
  `${query}&sid=$`,
  { "Content-Type": "text/plain;charset=UTF-8", "Content-Length": Buffer.byteLength(body), ...headers },
  body,
];

const http: RequestCase[] = [
  stranger(400, "garbage", "\u0016\u0003\u0001garbage\r\n\r\n"),
  stranger(400, "a request line of another protocol", "SSH-2.0-OpenSSH_9.2\r\n"),
  stranger(400, "a header that is none", "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n"),
  stranger(400, "no Host", "GET /healthz HTTP/1.1\r\n\r\n"),
  stranger(431, "a head of more than 16 KB", text("GET", query, { "X-Filler": "x".repeat(20_000) })),
  stranger(
    400,
    "a length and pieces at once",
    text("POST", query, { "Content-Length": 3, "Transfer-Encoding": "chunked" }, "0\r\n\r\n"),
  ),
  stranger(400, "a length that is none", text("POST", query, { "Content-Length": "-1" })),
  stranger(404, "a path that there is not", text("GET", "/../../etc/passwd")),
  stranger(405, "a method that is not answered", text("DELETE", "/healthz")),
  stranger(undefined, "a tunnel to elsewhere", text("CONNECT", "example.com:443")),
];

const engineIo: RequestCase[] = [
  stranger(400, "an earlier version of Engine.IO", text("GET", "/socket.io/?EIO=3&transport=polling")),
  stranger(400, "no version of Engine.IO", text("GET", "/socket.io/?transport=polling")),
  stranger(400, "no transport", text("GET", "/socket.io/?EIO=4")),
  stranger(400, "a transport that there is not", text("GET", "/socket.io/?EIO=4&transport=pigeon")),
  stranger(400, "a transport called __proto__", text("GET", "/socket.io/?EIO=4&transport=__proto__")),
  stranger(400, "JSONP", text("GET", `${query}&j=0`)),
  stranger(400, "a WebSocket that is none", text("GET", socketQuery)),
  stranger(400, "a session that there is not", text("GET", `${query}&sid=unknown`)),
  stranger(400, "a session called __proto__", text("GET", `${query}&sid=__proto__`)),
  stranger(400, "a session begun by POST", text("POST", query, { "Content-Length": 2 }, "40")),
  stranger(400, "a session begun by PUT", text("PUT", query)),
  stranger(403, "a page of another origin", text("GET", query, { Origin: "https://evil.example.com" })),
  stranger(403, "a page of no origin that it tells", text("GET", query, { Origin: "null" })),
  stranger(
    400,
    "a page of another origin, by WebSocket",
    text("GET", socketQuery, { ...upgrade, Origin: `${allowedOrigin}.evil.example.com` }),
  ),
];

const upgrades: RequestCase[] = [
  stranger(404, "a WebSocket elsewhere", text("GET", "/healthz", upgrade)),
  stranger(
    400,
    "a WebSocket without a key",
    text("GET", socketQuery, { ...upgrade, "Sec-WebSocket-Key": "" }),
  ),
  stranger(
    400,
    "a WebSocket of another version",
    text("GET", socketQuery, { ...upgrade, "Sec-WebSocket-Version": 7 }),
  ),
  stranger(400, "a WebSocket by POST", text("POST", socketQuery, upgrade)),
  stranger(400, "an upgrade to another protocol", text("GET", socketQuery, { ...upgrade, Upgrade: "h2c" })),
  stranger(400, "a WebSocket of a session that there is not", text("GET", `${socketQuery}&sid=x`, upgrade)),
];

const sessions: RequestCase[] = [
  member(200, "ends", "a POST of garbage", ...post("garbage")),
  member(200, "ends", "a POST of nothing", ...post("")),
  member(200, "ends", "an event that is no JSON", ...post('42["offer"')),
  member(200, "ends", "a hundred thousand packets of nothing", ...post("\u001e".repeat(100_000))),
  member(
    200,
    "stays",
    "an unknown event, ten times in one POST",
    ...post(Array(10).fill('42["x"]').join("\u001e")),
  ),
  member(400, "ends", "a POST of bytes", ...post("42", { "Content-Type": "application/octet-stream" })),
  member(
    413,
    "stays",
    "a POST of more than four times the limit",
    ...post(`42["msg","${"x".repeat(300_000)}"]`),
  ),
  member(400, "ends", "a POST that breaks off", ...post("42", { "Content-Length": 100 })),
  member(
    400,
    "ends",
    "a POST in pieces that are none",
    "POST",
    `${query}&sid=$`,
    { "Transfer-Encoding": "chunked" },
    "zz\r\n",
  ),
  member(500, "stays", "a method that no session knows", "PUT", `${query}&sid=$`),
  member(400, "stays", "an earlier version of Engine.IO", "GET", "/socket.io/?EIO=3&transport=polling&sid=$"),
  member(
    400,
    "stays",
    "another transport, not prepared",
    "GET",
    "/socket.io/?EIO=4&transport=websocket&sid=$",
  ),
  member(101, "stays", "a WebSocket that says nothing", "GET", `${socketQuery}&sid=$`, upgrade),
];

export const requestCases: readonly RequestCase[] = [...http, ...engineIo, ...upgrades, ...sessions];
