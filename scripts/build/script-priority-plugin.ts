import type { Plugin } from 'vite';

/** What the HTML holds needs only the styles: browsers fetch them first where they are told that scripts can wait. */
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
