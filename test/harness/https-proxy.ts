/**
 * The proxies that stand in front of nodes, as they are configured for people: the blocks of docs/PROXIES.md
 * with TLS, and the compose file's HAProxy without. Nothing in a configuration is replaced but addresses,
 * ports and paths.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./redis-server.js";
import { folderForTest, startProgram, untilOpen } from "./server-program.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What of the test's own goes into a configuration. */
interface Premises {
  /** Where the proxy keeps whatever it writes, with the certificate. */
  readonly dir: string;
  readonly address: string;
  /** The two nodes, as host:port. */
  readonly nodes: readonly [string, string];
}

export interface ProxyKind {
  readonly name: string;
  readonly scheme: "https" | "http";
  /** Whether it asks the nodes how they are. */
  readonly checksNodes: boolean;
  configuration(premises: Premises): string;
  command(file: string, dir: string): [program: string, ...args: string[]];
}

const documentedNodes = ["10.0.0.11:18080", "10.0.0.12:18080"] as const;

const runHaproxy: ProxyKind["command"] = (file) => ["haproxy", "-db", "-f", file];

export const haproxy: ProxyKind = {
  name: "HAProxy of docs/PROXIES.md",
  scheme: "https",
  checksNodes: true,
  configuration: ({ dir, address, nodes }) =>
    asAnyUser(
      replace(documented("haproxy"), {
        "bind :443": `bind ${address}`,
        "/etc/haproxy/signaler.pem": `${dir}/signaler.pem`,
        [documentedNodes[0]]: nodes[0],
        [documentedNodes[1]]: nodes[1],
      }),
    ),
  command: runHaproxy,
};

export const nginx: ProxyKind = {
  name: "nginx of docs/PROXIES.md",
  scheme: "https",
  checksNodes: false,
  configuration: ({ dir, address, nodes }) =>
    replace(documented("nginx"), {
      "listen 443": `listen ${address}`,
      "/etc/nginx/": `${dir}/`,
      "/var/log/nginx/": `${dir}/`,
      // Where nginx keeps what is too large for its memory goes without saying elsewhere.
      "http {": ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].reduce(
        (text, name) => `${text}\n  ${name}_temp_path ${dir}/${name};`,
        "http {",
      ),
      [documentedNodes[0]]: nodes[0],
      [documentedNodes[1]]: nodes[1],
    }),
  command: (file, dir) => ["nginx", "-p", dir, "-c", file, "-g", `daemon off; pid ${dir}/nginx.pid;`],
};

export const composeHaproxy: ProxyKind = {
  name: "deploy/haproxy.cfg",
  scheme: "http",
  checksNodes: true,
  configuration: ({ dir, address, nodes }) =>
    replace(readFileSync(`${root}deploy/haproxy.cfg`, "utf8"), {
      "bind :18080": `bind ${address}`,
      "bind :8404": `bind ${dir}/operations.sock`,
      "server-template node 10 signaler:18080": `server node1 ${nodes[0]}\n  server node2 ${nodes[1]}`,
    }),
  command: runHaproxy,
};

/** The one block of this language in the document. */
function documented(language: string): string {
  const document = readFileSync(`${root}docs/PROXIES.md`, "utf8");
  const [block, ...more] = document.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"));
  if (block?.[1] === undefined || more.length > 0)
    throw new Error(`docs/PROXIES.md must have one block of ${language}`);
  return block[1];
}

function replace(configuration: string, own: Readonly<Record<string, string>>): string {
  return Object.entries(own).reduce((text, [theirs, ours]) => {
    if (!text.includes(theirs)) throw new Error(`the configuration has no ${theirs} to replace`);
    return text.replaceAll(theirs, ours);
  }, configuration);
}

/** HAProxy can become somebody else only if it is started by root. */
function asAnyUser(configuration: string): string {
  return process.getuid?.() === 0 ? configuration : configuration.replace(/^ {2}(user|group) .*\n/gm, "");
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface HttpsProxy {
  readonly url: string;
  /** What a client has to trust. */
  readonly ca: string;
  /** Sends one request on a connection of its own, with the path as it is given. */
  request(path: string, options?: { method?: string; headers?: IncomingHttpHeaders }): Promise<Answer>;
  /** Everything that it has written, to whatever file. */
  logged(): string;
}

/** Starts the proxy in front of these nodes for the running test. */
export async function startProxy(kind: ProxyKind, nodeUrls: readonly string[]): Promise<HttpsProxy> {
  const [first, second] = nodeUrls.map((url) => new URL(url).host);
  if (first === undefined || second === undefined) throw new Error("the configurations have two nodes");
  const dir = await folderForTest("signaler-proxy-");
  // nginx works as somebody else than who starts it.
  chmodSync(dir, 0o711);
  const ca = makeCertificate(dir);
  const port = await freePort();
  const file = join(dir, "proxy.conf");
  writeFileSync(file, kind.configuration({ dir, address: `127.0.0.1:${port}`, nodes: [first, second] }));

  const [program, ...args] = kind.command(file, dir);
  const started = await startProgram(program, args, () => untilOpen(port));

  const url = `${kind.scheme}://127.0.0.1:${port}`;
  const send = kind.scheme === "https" ? httpsRequest : httpRequest;
  return {
    url,
    ca,
    request: (path, { method = "GET", headers = {} } = {}) =>
      new Promise((resolve, reject) => {
        const request = send({ host: "127.0.0.1", port, path, method, headers, ca, agent: false });
        request.on("error", reject);
        request.on("response", async (response) => {
          let body = "";
          for await (const chunk of response) body += chunk;
          resolve({ status: response.statusCode ?? 0, body });
        });
        request.end();
      }),
    logged: () =>
      readdirSync(dir)
        .filter((name) => name.endsWith(".log"))
        .reduce((text, name) => text + readFileSync(join(dir, name), "utf8"), started.output),
  };
}

/** One that nobody has signed but its own key; in the forms and under the names that the document gives. */
function makeCertificate(dir: string): string {
  const [key, certificate] = [join(dir, "signaler.key"), join(dir, "signaler.crt")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"];
  const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...algorithm, ...subject, "-keyout", key, "-out", certificate], {
    stdio: "ignore",
  });
  const pem = readFileSync(certificate, "utf8");
  writeFileSync(join(dir, "signaler.pem"), pem + readFileSync(key, "utf8"), { mode: 0o600 });
  return pem;
}
