import type { Plugin } from 'vite';
import { generationPolicy, generationWorker, headers, localHeaders, pagePolicy } from './headers.ts';

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
          // a policy in HTML applies to what follows it
          injectTo: 'head-prepend',
        },
      ],
    },
    generateBundle() {
      const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`);
      // the names of files in assets change with their content
      const assets = ['/assets/*', '  Cache-Control: public, max-age=31536000, immutable'];
      // in addition to the policy for everything: browsers enforce both
      const generation = [`/${generationWorker}*`, `  Content-Security-Policy: ${generationPolicy}`];
      this.emitFile({
        type: 'asset',
        fileName: '_headers',
        source: `${['/*', ...lines, ...assets, ...generation].join('\n')}\n`,
      });
    },
  };
}

/** `vite preview` sends what hosts should, file by file. */
export function previewHeadersPlugin(): Plugin {
  return {
    name: 'kinora-preview-headers',
    configurePreviewServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const { pathname } = new URL(request.url ?? '/', 'http://preview');
        for (const [name, value] of Object.entries(localHeaders(pathname))) response.setHeader(name, value);
        next();
      });
    },
  };
}
