/** An access token, and the one place that it is for. */

export interface AccessToken {
  /** Whom it was entered for, as `URL.origin` has it: `https://huggingface.co`. */
  readonly origin: string;
  readonly token: string;
}

/** Where most tokens come from. */
export const hubOrigin = 'https://huggingface.co';

/** A token goes over no line that others can read: to https, or to a server on this computer. */
export function canHaveToken(origin: string): boolean {
  const url = URL.parse(origin);
  if (url?.origin !== origin) return false;
  return (
    url.protocol === 'https:' || (url.protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
  );
}

/** `text` as it can stand in a header: what is copied along with a token, such as blanks, is no part of it. */
export function tokenOf(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '');
}
