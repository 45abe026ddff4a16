/** Quotes external data in messages, shortened so that a name of a megabyte does not fill the page. */

const usualLimit = 200;

/** `text` in at most `limit` UTF-16 code units, ending with an ellipsis if it was cut. */
export function shortened(text: string, limit = usualLimit): string {
  if (text.length <= limit) return text;
  // not between the halves of a surrogate pair
  return `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * A JSON value as JSON text, in at most `limit` code units. Of lists and objects, only the beginning of the first level is read:
 * they may be deeper than the stack (JSON.stringify throws a RangeError then), or contain themselves many times.
 */
export function quote(value: unknown, limit = usualLimit): string {
  if (!Array.isArray(value)) return quoteOne(value, limit);
  const items = value.slice(0, limit).map((item: unknown) => quoteOne(item, limit));
  return shortened(`[${items.join(',')}]`, limit);
}

function quoteOne(value: unknown, limit: number): string {
  if (typeof value === 'string') return shortened(JSON.stringify(value.slice(0, limit)), limit);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[…]' : '{…}';
  return String(value);
}
