/** An access token, and the one origin it is for. */

/** A token for models whose conditions have to be accepted, and where it may be sent. */
export interface AccessToken {
  /** The origin it was entered for, in the form of `URL.origin`: `https://huggingface.co`. */
  readonly origin: string;
  readonly token: string;
}

/** The Hugging Face hub, where most tokens come from. */
export const hubOrigin = 'https://huggingface.co';

/** Whether a token may be sent to this origin: only over connections that nobody else can read, https or this computer. */
export function canHaveToken(origin: string): boolean {
  const url = URL.parse(origin);
  if (url?.origin !== origin) return false;
  return (
    url.protocol === 'https:' || (url.protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
  );
}

/** `text` as it can appear in a header, without blanks and the like that are copied along with a token. */
export function tokenOf(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '');
}
