/**
 * The names on the wire: what clients emit, what the server emits, and the texts that go with them.
 * The contract is `docs/PROTOCOL.md`; existing clients rely on every string here.
 */

/** Events addressed to one person by `targetUid`, with the text that the target gets with each [P-20]. */
export const addressedEvents = {
  call: "远程呼叫",
  offer: "rtc offer",
  answer: "rtc answer",
  candidate: "ice candidate",
  applyMic: "apply mic",
  acceptApplyMic: "acceptApplyMic mic",
  refuseApplyMic: "refuseApplyMic mic",
  mute: "mute mic",
} as const;

export type AddressedEvent = keyof typeof addressedEvents;

/** What only a host may do with a room [P-70]. */
export const hostEvents = ["kick", "lock", "end"] as const;

export type HostEvent = (typeof hostEvents)[number];

/** Everything else that a client may emit. */
export const roomEvents = ["join", "leave", "roomUserList", "msg", "token", "iceServers"] as const;

type RoomEvent = (typeof roomEvents)[number];

export type ClientEvent = AddressedEvent | HostEvent | RoomEvent;

/** Envelope types that only the server may send: a client's `msg` of such a type is refused [P-33]. */
export const serverTypes: ReadonlySet<string> = new Set([
  "join",
  "leave",
  "replaced",
  "offline",
  "error",
  "receipt",
  "roster",
  "token",
  "kicked",
  "locked",
  "ended",
  "notice",
  "iceServers",
  "roomUserList",
  ...Object.keys(addressedEvents),
]);

export function isHostEvent(event: string): event is HostEvent {
  return (hostEvents as readonly string[]).includes(event);
}

export function isAddressedEvent(event: string): event is AddressedEvent {
  return Object.hasOwn(addressedEvents, event);
}
