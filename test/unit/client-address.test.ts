/** Whose connection it is, by the peer's address and what trusted proxies forwarded. */
import type { IncomingMessage } from "node:http";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load-config.js";
import { ClientAddresses } from "../../src/gateway/client-address.js";

/** The client's address as a node sees it that was told to trust these. */
function addressOf(remoteAddress: string, forwarded?: string, trusted?: string): string | undefined {
  const { trustedProxies } = loadConfig(trusted === undefined ? [] : ["--trusted-proxies", trusted], {});
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return new ClientAddresses(trustedProxies).of({ headers, socket: { remoteAddress } } as IncomingMessage);
}

it.each([
  ["a peer of its own", "203.0.113.9", undefined, "203.0.113.9"],
  ["a peer that claims to forward", "203.0.113.9", "198.51.100.1", "203.0.113.9"],
  ["behind a proxy of one's own network", "10.0.0.2", "198.51.100.1", "198.51.100.1"],
  ["that says more than its proxy knows", "10.0.0.2", "1.2.3.4, 198.51.100.1", "198.51.100.1"],
  ["behind two proxies", "127.0.0.1", "198.51.100.1, 192.168.1.5", "198.51.100.1"],
  ["with a port", "10.0.0.2", "198.51.100.1:4711", "198.51.100.1"],
  ["of IPv6, with its network", "2001:db8:1:2:3:4:5:6", undefined, "2001:db8:1:2::/64"],
  ["of IPv6, shortened", "2001:db8::7", undefined, "2001:db8:0:0::/64"],
  ["of IPv6, shortened at the end", "2001:db8:0:5::", undefined, "2001:db8:0:5::/64"],
  ["of IPv6 behind a proxy, in brackets", "::1", "[2001:db8::7]:80", "2001:db8:0:0::/64"],
  ["of IPv4 written as IPv6", "::ffff:203.0.113.9", undefined, "203.0.113.9"],
  ["a proxy's own", "127.0.0.1", undefined, undefined],
  ["a proxy's own, written as IPv6", "::ffff:127.0.0.1", undefined, undefined],
  ["a machine of one's own network", "10.0.0.2", "192.168.0.7", undefined],
  ["that is no address", "10.0.0.2", "unknown", undefined],
  ["gone already", "", undefined, undefined],
])("takes for the client's address one %s", (_, peer, forwarded, address) => {
  expect(addressOf(peer, forwarded)).toBe(address);
});

it("trusts whom it is told to, and nobody else", () => {
  expect(addressOf("10.0.0.2", "198.51.100.1", "none")).toBe("10.0.0.2");
  expect(addressOf("203.0.113.7", "198.51.100.1", "203.0.113.0/24")).toBe("198.51.100.1");
  expect(addressOf("10.0.0.2", "198.51.100.1", "203.0.113.0/24")).toBe("10.0.0.2");
  expect(addressOf("2001:db8::1", "198.51.100.1", "2001:db8::1, loopback")).toBe("198.51.100.1");
});

it.each(["", "10.0.0.0/33", "10.0.0.0/x", "nowhere", "::1/129", "10.0.0.1/8/8", "__proto__"])(
  "refuses the network %j",
  (networks) => {
    expect(() => loadConfig(["--trusted-proxies", networks], {})).toThrow(
      /--trusted-proxies: .*give loopback/,
    );
  },
);
