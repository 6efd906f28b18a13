/**
 * Whose connection it is, as far as addresses tell: the client's own behind proxies that are trusted, and for
 * IPv6 its whole network, because one client has all of a /64.
 */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

export class ClientAddresses {
  readonly #trusted = new BlockList();

  /** @param trustedProxies - addresses, or networks in CIDR notation. */
  constructor(trustedProxies: readonly string[]) {
    for (const network of trustedProxies) {
      const [address = "", prefix] = network.split("/");
      const family = isIP(address) === 4 ? "ipv4" : "ipv6";
      this.#trusted.addSubnet(address, Number(prefix ?? (family === "ipv4" ? 32 : 128)), family);
    }
  }

  /**
   * The client's address, or network; undefined if all that is known is a proxy's own, or one of the operator's
   * machines: those are nobody's to count. Each trusted proxy is believed for the one address that it added.
   */
  of(request: IncomingMessage): string | undefined {
    const forwarded = String(request.headers["x-forwarded-for"] ?? "").split(",");
    let address = plain(request.socket.remoteAddress ?? "");
    while (address !== undefined && this.#isTrusted(address)) address = plain(forwarded.pop() ?? "");
    return address === undefined ? undefined : networkOf(address);
  }

  #isTrusted(address: string): boolean {
    return this.#trusted.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
  }
}

/** Without a port, brackets, zone, or the IPv6 form of an IPv4 address; undefined if it is no address. */
function plain(text: string): string | undefined {
  const [, bracketed, withPort] = text.trim().match(/^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/) ?? [];
  const [address = ""] = (bracketed ?? withPort ?? text.trim()).split("%");
  const mapped = address.match(/^::ffff:([\d.]+)$/i)?.[1] ?? address;
  return isIP(mapped) === 0 ? undefined : mapped;
}

function networkOf(address: string): string {
  if (isIP(address) === 4) return address;
  // The URL parser writes every IPv6 address in one way.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = 8 - groups.length - (tail === undefined || tail === "" ? 0 : tail.split(":").length);
  const all =
    tail === undefined ? groups : [...groups, ...Array<string>(missing).fill("0"), ...tail.split(":")];
  return `${all.slice(0, 4).join(":")}::/64`;
}
