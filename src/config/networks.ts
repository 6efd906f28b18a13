/**
 * Lists of networks as people write them: addresses, networks in CIDR notation, and names for the usual ones.
 */
import { isIP } from "node:net";
import { z } from "zod";

const named: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"],
  none: [],
};

function isNetwork(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** Separated by commas; names are replaced by what they stand for. */
export const networks = z
  .string()
  .transform((value) => value.split(",").map((part) => part.trim()))
  .pipe(z.array(z.string().refine((part) => Object.hasOwn(named, part) || isNetwork(part))).min(1))
  .transform((parts) => parts.flatMap((part) => named[part] ?? [part]));
