/**
 * What a mesh needs of signaling, and no more: anything that can address the members of a room and tell who they
 * are will do.
 */

/** Takes the listener off again. */
export type Unsubscribe = () => void;

/** What somebody in the room has sent to this client alone. */
export interface AddressedMessage {
  readonly event: string;
  /** The sender's userId, as the server knows it. */
  readonly from: string;
  readonly data: unknown;
}

interface MeshRoom {
  /** Who is in the room now, this client included. */
  readonly members: ReadonlyMap<string, unknown>;
  on(event: "join" | "leave", listener: (member: { readonly userId: string }) => void): Unsubscribe;
}

export interface MeshIceServers {
  readonly iceServers: readonly {
    readonly urls: string | readonly string[];
    readonly username?: string;
    readonly credential?: string;
  }[];
}

export interface MeshSignaling {
  /** Known while messages get through. */
  readonly userId: string | undefined;
  /** `connected` while messages get through, `closed` when they never will again; else something between. */
  readonly state: string;
  readonly room: MeshRoom;
  /**
   * Resolves when the message was handed to its target. What it rejects with says in `retry` whether the same
   * message can succeed later, and in `retryAfterMs` when, in milliseconds.
   */
  send(
    event: "call" | "offer" | "answer" | "candidate",
    targetUid: string,
    payload: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  iceServers(): Promise<MeshIceServers>;
  on(event: "message", listener: (message: AddressedMessage) => void): Unsubscribe;
  on(event: "iceServers", listener: (servers: MeshIceServers) => void): Unsubscribe;
  on(event: "state", listener: () => void): Unsubscribe;
}
