// The rooms, and which may import which: an allow-list. `npm run check` fails on every other import, and if the table in
// docs/architecture.md differs from this one; `node scripts/rooms.mjs` writes it there.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** From the ground up. A file belongs to the longest matching name; within a room, any file may import any other. */
export const rooms = {
  'src/shared': {
    about: 'what everyone may use: errors, element types, Python’s JSON, addresses, access tokens',
    may: [],
  },
  'src/platform': {
    about: 'what this browser and machine can do: GPU, JSPI, threads, memory, encoders',
    may: ['src/shared'],
  },
  'src/wire': {
    about: 'page ⇄ worker over Comlink: errors with their code, signals, signs of life',
    may: ['src/shared'],
  },
  'src/engine': {
    about:
      'prompt → frames; no DOM, no storage; `index.ts` is its face, and only this room imports onnxruntime-web, in `runtime/`',
    may: ['src/shared', 'src/platform', 'src/engine/parameters', 'src/engine/schedulers/descriptions.ts'],
  },
  'src/engine/parameters': {
    about: 'the parameters of a video: name, range, default and texts of each; all that the page knows of the engine',
    may: ['src/shared', 'src/engine/schedulers/descriptions.ts'],
  },
  'src/engine/schedulers/descriptions.ts': {
    about: 'how the schedulers describe themselves, for the parameters',
    may: ['src/engine'],
  },
  'src/storage': { about: 'IndexedDB', may: ['src/shared', 'src/engine'] },
  'src/checkpoint': {
    about: 'diffusers folders: configs, weight formats, downloads, folders on disk',
    may: ['src/shared', 'src/engine', 'src/storage'],
  },
  'src/media': {
    about: 'frames → mp4, with the video’s settings inside the file',
    may: ['src/shared', 'src/platform', 'src/engine/parameters'],
  },
  'src/protocol.ts': {
    about: 'every type that crosses between page and worker; types only',
    may: ['src/shared', 'src/engine', 'src/checkpoint', 'src/media'],
  },
  workers: {
    about: 'one file per worker; each only wires rooms together',
    may: ['src/shared', 'src/wire', 'src/engine', 'src/checkpoint', 'src/storage', 'src/media', 'src/protocol.ts'],
  },
  'src/client': {
    about: 'the page’s end of the workers: start, restart, cancel',
    may: ['src/shared', 'src/wire', 'src/protocol.ts', 'workers'],
  },
  'src/catalogue': {
    about: 'the models that are offered',
    may: ['src/shared', 'src/engine/parameters', 'src/protocol.ts'],
  },
  'src/state': {
    about: 'zustand stores, serialisable values only',
    may: [
      'src/shared',
      'src/platform',
      'src/engine/parameters',
      'src/media',
      'src/protocol.ts',
      'src/client',
      'src/catalogue',
    ],
  },
  'src/app': {
    about: 'what people see: React components, a folder per panel',
    may: ['src/shared', 'src/platform', 'src/engine/parameters', 'src/protocol.ts', 'src/catalogue', 'src/state'],
  },
  'src/entries': {
    about: 'entry points of the pages and the library; `library.ts` is the library’s face ([engine.md](engine.md))',
    may: [
      'src/shared',
      'src/engine',
      'src/checkpoint',
      'src/storage',
      'src/media',
      'src/protocol.ts',
      'src/client',
      'src/state',
      'src/app',
    ],
  },
};

/** Libraries that only one room may import. */
const libraries = {
  'onnxruntime-web': 'src/engine/runtime',
  comlink: 'src/wire src/client workers',
  idb: 'src/storage',
};

/**
 * @param {Record<string, { about: string, may: string[] }>} allowed
 * @param {Map<string, string>} files path from the repository's root → text
 * @returns problems as sentences; empty if every import is allowed
 */
export function importProblems(allowed, files) {
  const names = Object.keys(allowed).sort((a, b) => b.length - a.length);
  const roomOf = (file) =>
    names.find((name) => file === name || file === name.replace(/\.ts$/, '') || file.startsWith(`${name}/`));
  const problems = [];
  for (const [file, text] of files) {
    const room = roomOf(file);
    if (!room) {
      problems.push(`${file} stands in no room of scripts/rooms.mjs.`);
      continue;
    }
    for (const specifier of specifiersOf(text)) {
      if (!specifier.startsWith('.')) {
        const [, owner] =
          Object.entries(libraries).find(([name]) => specifier === name || specifier.startsWith(`${name}/`)) ?? [];
        if (owner && !owner.split(' ').some((name) => file.startsWith(`${name}/`)))
          problems.push(`${file} imports ${specifier}, which only ${owner} may.`);
        continue;
      }
      const target = path.posix.join(path.posix.dirname(file), specifier);
      // the version
      if (target === 'package.json') continue;
      const other = roomOf(target) ?? target;
      if (other !== room && !allowed[room].may.includes(other)) {
        problems.push(`${file} imports ${target}: ${room} may not import ${other}.`);
      }
    }
    if (room === 'src/protocol.ts' && /^(import|export) (?!type |interface )/m.test(text)) {
      problems.push('src/protocol.ts holds more than types.');
    }
  }
  return problems;
}

/** What a file imports, including dynamic imports and workers. */
function specifiersOf(text) {
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(|new URL\()\s*['"]([^'"?]+)/g);
  return [...found].map(([, specifier]) => specifier);
}

/** Everything that visitors run. */
export function sources() {
  const names = ['src', 'workers'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
      (name) => `${folder}/${name.replaceAll(path.sep, '/')}`,
    ),
  );
  const own = names.filter((name) => /\.tsx?$/.test(name) && !/\.test(-worker)?\.tsx?$/.test(name));
  return new Map(own.map((name) => [name, readFileSync(name, 'utf8')]));
}

const plan = 'docs/architecture.md';
const [begin, end] = ['<!-- rooms: written by scripts/rooms.mjs -->\n', '<!-- /rooms -->'];

/** docs/architecture.md with the correct table. */
export function planWithTable(text) {
  const short = (name) => `\`${name.replace(/^src\//, '')}\``;
  const rows = Object.entries(rooms).map(
    ([name, { about, may }]) => `| \`${name}\` | ${about} | ${may.map(short).join(', ') || 'nothing'} |`,
  );
  const table = ['| room | what happens there | may import |', '|---|---|---|', ...rows, ''].join('\n');
  return text.slice(0, text.indexOf(begin) + begin.length) + table + text.slice(text.indexOf(end));
}

export function roomProblems() {
  const problems = importProblems(rooms, sources());
  const text = readFileSync(plan, 'utf8');
  if (planWithTable(text) !== text) problems.push(`The table of rooms in ${plan} is old: run node scripts/rooms.mjs.`);
  return problems;
}

if (import.meta.filename === process.argv[1]) writeFileSync(plan, planWithTable(readFileSync(plan, 'utf8')));
