import { expect, test } from 'vitest';
import { importProblems, rooms } from './rooms.mjs';

const problems = (file: string, text: string) => importProblems(rooms, new Map([[file, text]]));

test('what is on the list passes', () => {
  expect(
    problems(
      'src/state/a.ts',
      "import { x } from '../client';\nimport { y } from './b';\nimport { create } from 'zustand';",
    ),
  ).toEqual([]);
  expect(problems('src/engine/runtime/a.ts', "await import('onnxruntime-web/jspi');")).toEqual([]);
});

test.each([
  ['src/engine/a.ts', "import { openCheckpoint } from '../checkpoint';", 'src/engine may not import src/checkpoint'],
  ['src/engine/a.ts', "export * from '../anything/new';", 'src/engine may not import src/anything/new'],
  ['src/app/a.tsx', "const lazy = import('../engine/text-to-video');", 'src/app may not import src/engine'],
  [
    'src/state/a.ts',
    "new Worker(new URL('../../workers/models.ts', import.meta.url))",
    'src/state may not import workers',
  ],
  ['src/state/a.ts', "import { openDB } from 'idb';", 'imports idb'],
  ['src/checkpoint/a.ts', "import 'onnxruntime-web/wasm';", 'imports onnxruntime-web/wasm'],
  ['src/new-file.ts', '', 'stands in no room'],
  ['src/protocol.ts', "export { readText } from './checkpoint/text-file';", 'more than types'],
])('%s: %s', (file, text, problem) => {
  expect(problems(file, text)).toEqual([expect.stringContaining(problem)]);
});
