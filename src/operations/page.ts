/**
 * The meeting page, as the build left it. Its files are read once, at start, and nothing else can be asked for: no part of a
 * request ever becomes a path.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** Where the build puts the page; the same from the sources and from what they are compiled to. */
export const builtPage = new URL("../../dist/web/", import.meta.url);

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Files here have a hash of what they hold in their names. */
const hashedFolder = "/assets/";
const forAYear = "public, max-age=31536000, immutable";

/** What the page may do, and who may do what with it. Nothing is loaded from elsewhere. */
const protection = {
  "content-security-policy": [
    "default-src 'self'",
    // WebSockets to this origin, too; Safari before 16 takes them for another's, and its users poll.
    "connect-src 'self'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join("; "),
  "permissions-policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
  // A link to a meeting is an invitation, and is nobody else's business.
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

interface PageFile {
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export class Page {
  readonly #files: ReadonlyMap<string, PageFile>;

  private constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files;
  }

  /** Undefined if the page has not been built. */
  static async load(directory: URL): Promise<Page | undefined> {
    const root = fileURLToPath(directory);
    const files = new Map<string, PageFile>();
    for (const name of await readdir(root, { recursive: true }).catch(() => [])) {
      const type = contentTypes[extname(name)];
      if (type === undefined) continue;
      const path = `/${name.replaceAll(sep, "/")}`;
      files.set(
        path === "/index.html" ? "/" : path,
        await prepare(path, type, await readFile(join(root, name))),
      );
    }
    return files.has("/") ? new Page(files) : undefined;
  }

  /** Whether there is such a file, and the response therefore is under way. */
  answer(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#files.get(path);
    if (file === undefined) return false;
    if (request.headers["if-none-match"] === file.headers["etag"]) {
      response.writeHead(304, file.headers).end();
      return true;
    }
    const zipped = /\bgzip\b/.test(String(request.headers["accept-encoding"]));
    const body = zipped ? file.gzipped : file.plain;
    const encoding = zipped ? { "content-encoding": "gzip" } : {};
    response.writeHead(200, { ...file.headers, ...encoding, "content-length": body.length }).end(body);
    return true;
  }
}

async function prepare(path: string, type: string, plain: Buffer): Promise<PageFile> {
  const headers = {
    ...protection,
    "content-type": type,
    "cache-control": path.startsWith(hashedFolder) ? forAYear : "no-cache",
    etag: `W/"${createHash("sha256").update(plain).digest("base64url").slice(0, 16)}"`,
    vary: "accept-encoding",
  };
  return { plain, gzipped: await promisify(gzip)(plain), headers };
}
