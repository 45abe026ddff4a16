/**
 * Switches for developers in the page's address: `?device=wasm|webgpu`, `?dtype=float16|float32`,
 * `?memory=keep-ready|low-memory`, and `?model=URL` of any diffusers text-to-video folder, absolute or relative to the page.
 */
import { z } from 'zod/mini';
import type { LoadRequest } from '../protocol';

const schema = z.object({
  device: z.catch(z.enum(['wasm', 'webgpu', 'auto']), 'auto'),
  dtype: z.catch(z.enum(['float16', 'float32', 'auto']), 'auto'),
  memory: z.catch(z.enum(['keep-ready', 'low-memory', 'auto']), 'auto'),
  model: z.catch(z.optional(z.string().check(z.minLength(1))), undefined),
});

export interface Switches {
  /** Absolute; undefined if the page's address names none. */
  modelUrl: string | undefined;
  request: Omit<LoadRequest, 'source'>;
}

export function readSwitches(pageUrl: string): Switches {
  const { model: url, device, dtype, memory } = schema.parse(Object.fromEntries(new URL(pageUrl).searchParams));
  const modelUrl = url === undefined ? undefined : URL.parse(url, pageUrl)?.href;
  return { modelUrl, request: { device, dtype, memory } };
}

export const switches = readSwitches(document.baseURI);

/** The page's address with a switch set, and contradicting switches removed. */
export function addressWith(name: 'device' | 'memory', value: string): string {
  const address = new URL(document.baseURI);
  address.searchParams.set(name, value);
  if (name === 'device') address.searchParams.delete('dtype');
  return address.href;
}
