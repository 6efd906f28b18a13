/**
 * What a token says of its bearer. Nothing is checked here: the server does that, and this only fills in the form.
 */
export interface Claims {
  readonly userId: string;
  readonly name: string | undefined;
  readonly isHost: boolean;
  /** The room that it admits to, if it is one. */
  readonly onlyRoom: string | undefined;
}

/** Undefined where it is no token that anyone could read. */
export function readClaims(token: string): Claims | undefined {
  const [, payload] = token.split(".");
  if (payload === undefined) return undefined;
  try {
    const bytes = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    return interpret(JSON.parse(text) as Readonly<Record<string, unknown>>);
  } catch {
    return undefined;
  }
}

function interpret(claims: Readonly<Record<string, unknown>>): Claims | undefined {
  const { sub, rooms, role, profile } = claims;
  if (typeof sub !== "string") return undefined;
  const named = (profile as { readonly nickname?: unknown } | null | undefined)?.nickname;
  const [room, ...more] = Array.isArray(rooms) ? (rooms as unknown[]) : [rooms];
  const isOne = typeof room === "string" && more.length === 0 && !room.includes("*");
  return {
    userId: sub,
    name: typeof named === "string" ? named : undefined,
    isHost: role === "host",
    onlyRoom: isOne ? room : undefined,
  };
}
