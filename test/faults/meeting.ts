/**
 * People in meetings, from a seed: they come and go, lose their connections, come back on other nodes, and
 * send each other messages all the while. Residents stay on their node, two and two.
 */
import { setTimeout as delay } from "node:timers/promises";
import { residentPrefix } from "./check-survival.js";
import { Connection } from "./connection.js";
import type { History } from "./history.js";
import type { Random } from "./random.js";
import type { Rig, RigNode } from "./rig.js";

export const rooms = ["hall", "red", "blue", "green"] as const;
const guests = Array.from({ length: 9 }, (_, n) => `guest-${n}`);
const stepMs = 15;

export class Meeting {
  readonly #rig: Rig;
  readonly #history: History;
  readonly #random: Random;
  readonly #connections = new Set<Connection>();
  /** Where each resident has its place. */
  readonly #residents = new Map<string, RigNode>();
  readonly #homes = new Map<string, string>();
  readonly #coming = new Set<string>();
  #lastId = 0;
  #over = false;

  constructor(rig: Rig, history: History, random: Random) {
    this.#rig = rig;
    this.#history = history;
    this.#random = random;
    for (const [n, user] of guests.entries()) this.#homes.set(user, rooms[n % rooms.length] ?? "hall");
  }

  /** All connections that stand. */
  get standing(): Connection[] {
    return [...this.#connections].filter(({ stands }) => stands);
  }

  /** Whether everyone who should be somewhere is. */
  get isComplete(): boolean {
    const there = new Set(this.standing.map(({ user }) => user));
    return [...this.#homes.keys()].every((user) => there.has(user)) && this.#coming.size === 0;
  }

  async run(until: () => boolean): Promise<void> {
    for (const user of guests) this.#come(user);
    while (!until()) {
      this.#welcomeResidents();
      this.#act();
      await delay(stepMs);
    }
    this.#over = true;
  }

  /** From now on nobody does anything but come back when they are cut off. */
  end(): void {
    for (const connection of [...this.#connections]) connection.close();
  }

  close(): void {
    this.#homes.clear();
    this.end();
  }

  /** Two on each node, who find each other there whatever happens elsewhere. */
  #welcomeResidents(): void {
    for (const node of this.#rig.nodes)
      for (const side of ["left", "right"]) {
        const user = `${residentPrefix}${node.number}-${side}`;
        if (this.#homes.has(user)) continue;
        this.#homes.set(user, "hall");
        this.#residents.set(user, node);
        this.#come(user);
      }
    for (const [user, node] of this.#residents)
      if (node.dying) {
        this.#residents.delete(user);
        this.#homes.delete(user);
      }
  }

  #act(): void {
    const random = this.#random;
    const standing = this.standing;
    if (standing.length === 0) return;
    const connection = random.pick(standing);
    if (this.#residents.has(connection.user)) {
      this.#sendFrom(connection, standing);
      return;
    }
    const roll = random.next();
    if (roll < 0.7) this.#sendFrom(connection, standing);
    else if (roll < 0.75) connection.say("hello");
    else if (roll < 0.8) connection.close();
    else if (roll < 0.84) connection.drop();
    else if (roll < 0.91) this.#connect(connection.user, random.pick(this.#rig.nodes));
    else if (roll < 0.97) connection.join(random.pick(rooms));
    else if (connection.rooms.size > 1) connection.leave([...connection.rooms][1] ?? "hall");
  }

  #sendFrom(connection: Connection, standing: readonly Connection[]): void {
    const { user } = connection;
    const neighbour = user.endsWith("-left")
      ? user.replace("-left", "-right")
      : user.replace("-right", "-left");
    const others = standing.filter((other) => other.user !== user);
    if (neighbour !== user && this.#random.chance(0.7)) connection.send(neighbour);
    else if (others.length > 0) connection.send(this.#random.pick(others).user);
  }

  /** Connects somewhere after a while, unless the user is there already. */
  #come(user: string): void {
    if (this.#coming.has(user)) return;
    this.#coming.add(user);
    void delay(this.#random.between(50, this.#over ? 300 : 900)).then(() => {
      this.#coming.delete(user);
      const isThere = [...this.#connections].some((connection) => connection.user === user);
      if (isThere || !this.#homes.has(user)) return;
      const node = this.#residents.get(user) ?? this.#random.pick(this.#rig.nodes);
      if (!node.dying) this.#connect(user, node);
    });
  }

  #connect(user: string, node: RigNode): void {
    const connection = new Connection({
      history: this.#history,
      user,
      room: this.#homes.get(user) ?? "hall",
      node,
      nextId: () => {
        this.#lastId += 1;
        return this.#lastId;
      },
      onEnded: (ended) => {
        this.#connections.delete(ended);
        if (this.#homes.has(user)) this.#come(user);
      },
    });
    this.#connections.add(connection);
  }
}
