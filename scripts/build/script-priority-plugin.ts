import type { Plugin } from 'vite';

/** The HTML's own content needs only the styles, which browsers fetch first if told that scripts can wait. */
export function scriptPriorityPlugin(): Plugin {
  return {
    name: 'kinora-script-priority',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (html) => html.replace(/<(script type="module"|link rel="modulepreload")/g, '<$1 fetchpriority="low"'),
    },
  };
}
