import { KinoraError } from './errors';
import { shortened } from './quote';

/** Deep enough for any config. Deeper JSON takes seconds to parse, and overflows the stack when traversed or printed. */
const maxDepth = 100;

/** An unterminated string extends to the end of the text, so that it is scanned only once. */
const string = /"[^"\\]*(?:\\.[^"\\]*)*"?/.source;
const brackets = new RegExp(`${string}|[[\\]{}]`, 'gs');
/** Strings, with the colon after those that are keys, and the numbers that Python writes but JSON lacks. */
const numbers = new RegExp(`${string}(\\s*:)?|(?<![\\w.+-])(?:-?Infinity|NaN)\\b(?!\\s*:)`, 'gs');

/**
 * Parses JSON as Python's json.dumps writes it: `Infinity`, `-Infinity` and `NaN` are numbers. diffusers writes them in scheduler
 * configs.
 * @param name of the file, for the message
 * @throws KinoraError `invalid-checkpoint`
 */
export function parsePythonJson(text: string, name: string): unknown {
  try {
    checkDepth(text);
    return /Infinity|NaN/.test(text) ? parseWithNumbers(text) : JSON.parse(text);
  } catch (cause) {
    const start = JSON.stringify(text.slice(0, 40));
    throw new KinoraError('invalid-checkpoint', `${shortened(name)} is not valid JSON: it begins with ${start}.`, {
      cause,
    });
  }
}

function checkDepth(text: string): void {
  let depth = 0;
  for (const [token] of text.matchAll(brackets)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > maxDepth) throw new RangeError(`It is nested more than ${maxDepth} deep.`);
  }
}

/** JSON has no NaN, so it becomes the only string value that is not marked by a prefix. */
function parseWithNumbers(text: string): unknown {
  const json = text.replace(numbers, (token: string, colon: string | undefined) => {
    if (token.startsWith('"')) return colon === undefined ? `"=${token.slice(1)}` : token;
    return token === 'NaN' ? '""' : token.replace('Infinity', '1e999');
  });
  return JSON.parse(json, (_, value) => {
    if (typeof value !== 'string') return value;
    return value === '' ? Number.NaN : value.slice(1);
  });
}
