/** The access token that this device was asked to remember. */
import { z } from 'zod/mini';
import { type AccessToken, canHaveToken, hubOrigin, tokenOf } from '../shared/access-token';

const schema = z.object({ origin: z.string().check(z.refine(canHaveToken)), token: z.string() });

/** @param text as written by `tokenText`, or a bare token, which is for the Hugging Face hub */
export function parseToken(text: string | null): AccessToken | undefined {
  const kept = parsed(text ?? '');
  const token = tokenOf(kept?.token ?? '');
  return kept && token !== '' ? { ...kept, token } : undefined;
}

function parsed(text: string): AccessToken | undefined {
  if (!text.startsWith('{')) return { origin: hubOrigin, token: text };
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function tokenText({ origin, token }: AccessToken): string {
  return JSON.stringify({ origin, token });
}
