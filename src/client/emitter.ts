/**
 * Typed events for those who use the client. Everyone is told in the order in which things happened: what a
 * listener brings about is told when all have heard of what it listened to.
 */

type Listener<Args extends readonly unknown[]> = (...args: Args) => void;

export class Emitter<Events extends { readonly [Name in keyof Events]: readonly unknown[] }> {
  readonly #listeners: { [Name in keyof Events]?: Set<Listener<Events[Name]>> } = {};
  /** What is still to be told; the first of it is being told. */
  readonly #due: (() => void)[] = [];

  /** Returns a function that takes the listener off. */
  on<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners[event] ?? new Set();
    this.#listeners[event] = listeners;
    // A function of its own, so that one that is put on twice can be taken off once.
    const own: Listener<Events[Name]> = (...args) => listener(...args);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  emit<Name extends keyof Events>(event: Name, ...args: Events[Name]): void {
    this.#due.push(() => this.#tell(event, args));
    if (this.#due.length > 1) return;
    for (let next = this.#due[0]; next !== undefined; next = this.#due[0]) {
      next();
      this.#due.shift();
    }
  }

  #tell<Name extends keyof Events>(event: Name, args: Events[Name]): void {
    const listeners = this.#listeners[event];
    for (const listener of [...(listeners ?? [])])
      try {
        if (listeners?.has(listener)) listener(...args);
      } catch (error) {
        // The listener's own mistake: it comes up as one, and keeps neither the others nor the client from going on.
        queueMicrotask(() => {
          throw error;
        });
      }
  }
}
