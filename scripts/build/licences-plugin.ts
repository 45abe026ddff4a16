import type { Plugin } from 'vite';
import facts from '../../package.json' with { type: 'json' };
import { apache2 } from './licence-texts.ts';
import { licencesPage, packageFolder, readPackage } from './licences.ts';

/**
 * Writes licences.html: the licence of every package that one of the bundles contains.
 * @returns `collect`: a plugin for every other bundle (workers, service worker); `page`: one for the page's own bundle, built
 *   after them
 */
export function licencesPlugins(): { collect: () => Plugin; page: Plugin } {
  const folders = new Set<string>();
  const note = (bundle: Readonly<Record<string, { type: string; moduleIds?: readonly string[] }>>) => {
    for (const { moduleIds = [] } of Object.values(bundle)) {
      for (const id of moduleIds) {
        const folder = packageFolder(id);
        if (folder) folders.add(folder);
      }
    }
  };
  return {
    collect: () => ({ name: 'kinora-collect-licences', generateBundle: (_, bundle) => note(bundle) }),
    page: {
      name: 'kinora-licences',
      apply: 'build',
      generateBundle(_, bundle) {
        note(bundle);
        const others = [...folders].map(readPackage).sort((a, b) => a.name.localeCompare(b.name, 'en'));
        this.info(`licences of ${others.length} packages`);
        const own = { name: 'Kinora', version: facts.version, licence: 'Apache-2.0', text: apache2 };
        this.emitFile({ type: 'asset', fileName: 'licences.html', source: licencesPage([own, ...others]) });
      },
    },
  };
}
