/**
 * To be imported first, by every page and worker. Trusted Types (https://w3c.github.io/trusted-types/dist/spec/): where the
 * policy of the page asks for them, workers and scripts start from the page's own origin only, and no text ever becomes
 * HTML or a script.
 */
import { config } from 'zod/mini';

declare global {
  // TypeScript's DOM library does not have it yet
  var trustedTypes:
    | { createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown }
    | undefined;
}

// zod would try whether it may make functions from text; the policy forbids that, and browsers report the attempt
config({ jitless: true });

globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL(url) {
    if (new URL(url, globalThis.location.href).origin === globalThis.location.origin) return url;
    throw new TypeError(`A script of another origin was refused: ${url}`);
  },
});
