import type { Plugin } from 'vite';
import { headers, pagePolicy } from './headers.ts';

/** Writes the Content-Security-Policy into the built pages, and `_headers`, which several static hosts read. */
export function policyPlugin(): Plugin {
  return {
    name: 'kinora-policy',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: () => [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: pagePolicy },
          // a policy in HTML holds for what comes after it
          injectTo: 'head-prepend',
        },
      ],
    },
    generateBundle() {
      const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`);
      // the names of what lies in assets change with its content
      const assets = ['/assets/*', '  Cache-Control: public, max-age=31536000, immutable'];
      this.emitFile({
        type: 'asset',
        fileName: '_headers',
        source: `${['/*', ...lines, ...assets].join('\n')}\n`,
      });
    },
  };
}
