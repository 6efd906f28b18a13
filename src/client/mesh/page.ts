/**
 * What the page that a mesh lives in goes through: another network, and its end.
 */
export interface PageEvents {
  /** There is a network again, or another one. */
  onNetwork(): void;
  /** The page is being left for good. */
  onEnd(): void;
}

/** Does nothing where there is no page. @returns what stops it. */
export function watchPage({ onNetwork, onEnd }: PageEvents): () => void {
  const stopped = new AbortController();
  const { signal } = stopped;
  if (typeof window !== "undefined") {
    window.addEventListener("online", onNetwork, { signal });
    // A page that is only put aside may come back as it was.
    window.addEventListener("pagehide", ({ persisted }) => persisted || onEnd(), { signal });
  }
  const connection = networkConnection();
  let type = connection?.type;
  connection?.addEventListener(
    "change",
    () => {
      // It also tells of each new estimate of how fast the same network is.
      if (connection.type === type) return;
      type = connection.type;
      onNetwork();
    },
    { signal },
  );
  return () => stopped.abort();
}

/** Not every browser has it. */
function networkConnection(): (EventTarget & { readonly type?: string }) | undefined {
  if (typeof navigator === "undefined" || !("connection" in navigator)) return undefined;
  const { connection } = navigator;
  return connection instanceof EventTarget ? connection : undefined;
}
