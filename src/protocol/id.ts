/**
 * What may be the id of a user or a room [P-5], for servers and for pages alike.
 */

/** In UTF-16 code units, as JavaScript counts. */
export const maxIdLength = 128;

/** Control, format (bidi, zero-width), lone surrogates, line separators; braces, which are Redis hash tags. */
const forbidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}{}]/u;

/** Ids are strings; a whole number is taken as its decimal string, as clients with numeric ids send it. */
export function parseId(value: unknown): string | undefined {
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== "string" || id.length === 0 || id.length > maxIdLength) return undefined;
  return forbidden.test(id) || id === "__proto__" ? undefined : id;
}
