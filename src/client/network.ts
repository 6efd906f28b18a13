/**
 * What a browser knows of the network. Elsewhere nothing is known, and nothing happens.
 */

interface Page {
  addEventListener(event: "online", listener: () => void): void;
  removeEventListener(event: "online", listener: () => void): void;
}

/** Calls back when the browser is online again; returns a function that takes the listener off. */
export function whenOnline(listener: () => void): () => void {
  const page = globalThis as Partial<Page>;
  page.addEventListener?.("online", listener);
  return () => page.removeEventListener?.("online", listener);
}
