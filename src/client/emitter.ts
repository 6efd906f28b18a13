/**
 * Typed events for those who use the client.
 */

type Listener<Args extends readonly unknown[]> = (...args: Args) => void;

export class Emitter<Events extends { readonly [Name in keyof Events]: readonly unknown[] }> {
  readonly #listeners: { [Name in keyof Events]?: Set<Listener<Events[Name]>> } = {};

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
