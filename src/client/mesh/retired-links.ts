/**
 * Ends of connections that are over. A message of theirs that was under way for long changes nothing any more.
 */
const mostRemembered = 500;

export class RetiredLinks {
  readonly #ids = new Set<string>();

  add(id: string | undefined): void {
    if (id === undefined) return;
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= mostRemembered) break;
      this.#ids.delete(oldest);
    }
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }
}
