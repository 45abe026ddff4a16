import { normalizePath, type Plugin, runnerImport } from 'vite';

/**
 * Evaluates modules when the page is built: it gets the values of their exports, which must be JSON, and nothing that
 * they import. Workers keep the modules as they are.
 * @param files absolute paths
 */
export function constantsPlugin(files: readonly string[]): Plugin {
  const waiting = new Set(files.map(normalizePath));
  const all = new Set(waiting);
  return {
    name: 'kinora-constants',
    apply: 'build',
    enforce: 'pre',
    async load(id) {
      if (!all.has(id)) return null;
      waiting.delete(id);
      const { module } = await runnerImport<Record<string, unknown>>(id, { configFile: false, logLevel: 'warn' });
      const exports = Object.entries(module).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`);
      return exports.join('\n');
    },
    buildEnd(error) {
      if (!error && waiting.size > 0) this.error(`Nothing imports ${[...waiting].join(', ')} any more.`);
    },
  };
}
