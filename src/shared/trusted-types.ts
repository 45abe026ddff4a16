/**
 * Must be imported first by every page and worker. Trusted Types (https://w3c.github.io/trusted-types/dist/spec/): if the policy
 * of the page requires them, workers and scripts start only from the page's own origin, and no text ever becomes HTML or a
 * script.
 */
import { config } from 'zod/mini';

declare global {
  // not yet in TypeScript's DOM library
  var trustedTypes:
    | { createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown }
    | undefined;
}

// zod would test whether it may create functions from text; the policy forbids that, and browsers report the attempt
config({ jitless: true });

globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL(url) {
    if (new URL(url, globalThis.location.href).origin === globalThis.location.origin) return url;
    throw new TypeError(`A script of another origin was refused: ${url}`);
  },
});
