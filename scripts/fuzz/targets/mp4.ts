import fc from 'fast-check';
import { parameterNames, parameters } from '../../../src/engine/parameters';
import { multipleOf, type Parameter } from '../../../src/engine/parameters/kinds';
import { completeParameters } from '../../../src/engine/parameters/values';
import { readComment, withComment } from '../../../src/media/mp4-comment';
import { parseVideoComment, writeVideoComment } from '../../../src/media/video-comment';
import { bytesLike, jsonLike, rarely } from '../inputs';
import { accepted, expect, target } from '../target';

type Tree = { type: string; size: number | undefined; content: Uint8Array; children: Tree[] };

function written({ type, size, content, children }: Tree): Uint8Array<ArrayBuffer> {
  const parts = [content, ...children.map(written)];
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  const all = new Uint8Array(length);
  new DataView(all.buffer).setUint32(0, size ?? length);
  all.set(
    Uint8Array.from(type, (letter) => letter.charCodeAt(0)),
    4,
  );
  let at = 8;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const node = {
  type: fc.constantFrom(
    'ftyp',
    'moov',
    'mdat',
    'free',
    'trak',
    'udta',
    'meta',
    'ilst',
    'stbl',
    'stco',
    '\u00a9cmt',
    'data',
  ),
  size: rarely(fc.constantFrom(0, 1, 7, 8, 9, 2 ** 32 - 1)),
  content: fc.uint8Array({ maxLength: 20 }),
};
const leaf: fc.Arbitrary<Tree> = fc.record({ ...node, children: fc.constant<Tree[]>([]) });
const inside = (children: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> =>
  fc.record({ ...node, children: fc.array(children, { maxLength: 4 }) });
const tree = fc.oneof(leaf, inside(leaf), inside(inside(leaf)), inside(inside(inside(leaf))));

/** A film as mp4-muxer makes it, as far as the comment is concerned. */
const box = (type: string, content = new Uint8Array(), children: Tree[] = []): Tree => ({
  type,
  size: undefined,
  content,
  children,
});
const film = written(
  box('', undefined, [
    box('ftyp', new Uint8Array(16)),
    box('moov', undefined, [
      box('mvhd', new Uint8Array(100)),
      box('trak', undefined, [
        box('mdia', undefined, [
          box('minf', undefined, [
            box('stbl', undefined, [box('stco', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0))]),
          ]),
        ]),
      ]),
    ]),
    box('mdat', new Uint8Array(50)),
  ]),
).slice(8);
const comment = {
  schema: 'kinora-video-1',
  model: 'https://a.example/model/',
  prompt: 'a circle',
  negativePrompt: '',
  seed: 1,
  numInferenceSteps: 20,
  guidanceScale: 1.5,
  numFrames: 8,
  width: 128,
  height: 128,
  fps: 8,
  scheduler: 'DDIMScheduler',
};
const commented = new Uint8Array(withComment(film.buffer, JSON.stringify(comment)));

async function check(file: Uint8Array<ArrayBuffer>): Promise<void> {
  const found = await accepted(() => readComment(new Blob([file])));
  await accepted(() => parseVideoComment(found));
}

const fitting = (parameter: Parameter): fc.Arbitrary<string | number> => {
  if (parameter.kind === 'text') return fc.string({ unit: 'binary' });
  if (parameter.kind === 'choice') return fc.constantFrom(...parameter.choices.map(({ value }) => value));
  const { min, max } = parameter;
  const divisor = multipleOf(parameter);
  // JSON has no -0
  if (divisor === undefined) return fc.double({ min, max, noNaN: true }).map((value) => value + 0);
  return fc.integer({ min: min / divisor, max: Math.floor(max / divisor) }).map((count) => count * divisor);
};
const comments = fc.record({
  model: fc.string({ unit: 'binary' }),
  parameters: fc.record(Object.fromEntries(parameterNames.map((name) => [name, fitting(parameters[name])]))),
});

export const mp4 = [
  target('mp4, bytes', bytesLike([commented, film]), check),
  target('mp4, boxes', fc.array(tree, { maxLength: 8 }), (trees) => check(written(box('', undefined, trees)).slice(8))),
  target('comment, changed', jsonLike(comment), async (text) => {
    await accepted(() => parseVideoComment(text));
  }),
  target('comment, there and back', comments, async ({ model, parameters: values }) => {
    const text = writeVideoComment({ model, adapters: [], parameters: completeParameters(values) });
    const read = await readComment(new Blob([withComment(film.buffer.slice(0), text)]));
    const { model: name, parameters: back } = parseVideoComment(read);
    const expected = JSON.stringify(Object.entries({ model, ...values }).sort());
    const found = JSON.stringify(Object.entries({ model: name, ...back }).sort());
    expect(found === expected, `${expected} comes back as ${found}`);
  }),
];
