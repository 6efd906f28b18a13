/**
 * What the page remembers: names and choices from visit to visit, the token as long as the tab lives. Browsers may refuse to
 * remember; then nothing is.
 */
type Choice = "name" | "language" | "camera" | "microphone" | "shortcuts";

export function remember(choice: Choice, value: string): void {
  write(() => localStorage, choice, value);
}

export function recall(choice: Choice): string | undefined {
  return read(() => localStorage, choice);
}

export function rememberToken(token: string): void {
  write(() => sessionStorage, "token", token);
}

export function recallToken(): string | undefined {
  return read(() => sessionStorage, "token");
}

const prefix = "meeting.";

function write(storage: () => Storage, name: string, value: string): void {
  try {
    storage().setItem(prefix + name, value);
  } catch {
    // Not remembered.
  }
}

function read(storage: () => Storage, name: string): string | undefined {
  try {
    return storage().getItem(prefix + name) ?? undefined;
  } catch {
    return undefined;
  }
}
