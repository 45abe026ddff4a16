import { describe, expect, test } from 'vitest';
import type { Alternative, Lack, Shortfall } from '../../protocol';
import { byWeight, lackText, remediesOf } from './lack-texts';

const GIB = 2 ** 30;

const lacking = (lack: Lack): Shortfall => ({ lack, stops: false, needed: 3 * GIB, available: GIB });
// records, so that a missing one is a type error
const shortfalls: Record<Lack, Shortfall> = {
  webgpu: lacking('webgpu'),
  hardware: lacking('hardware'),
  float16: lacking('float16'),
  jspi: lacking('jspi'),
  'buffer-size': lacking('buffer-size'),
  'binding-size': lacking('binding-size'),
  memory: lacking('memory'),
  'wasm-heap': lacking('wasm-heap'),
};
const size = { numFrames: 12, width: 192, height: 128 };
const alternatives: Record<Alternative['change'], Alternative> = {
  'low-memory': { change: 'low-memory', ...size },
  'fewer-frames': { change: 'fewer-frames', ...size },
  'smaller-size': { change: 'smaller-size', ...size },
  cpu: { change: 'cpu', ...size },
};

describe('lacks', () => {
  test.each(Object.values(shortfalls))('$lack: what, what it means, what to do, in whole sentences', (shortfall) => {
    for (const stops of [true, false]) {
      const { title, meaning, remedy } = lackText({ ...shortfall, stops });
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      for (const sentence of [meaning, remedy]) expect(sentence).toMatch(/^[A-Z].*\.$/);
      expect(`${title} ${meaning} ${remedy}`).not.toContain('unknown');
    }
  });

  test('all differ', () => {
    const titles = Object.values(shortfalls).map((shortfall) => lackText(shortfall).title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test('what stops a video comes first', () => {
    const ordered = byWeight([shortfalls.hardware, { ...shortfalls['wasm-heap'], stops: true }]);
    expect(ordered.map(({ lack }) => lack)).toEqual(['wasm-heap', 'hardware']);
  });

  test('bytes are named, with digits enough to tell them apart', () => {
    const { meaning } = lackText({ lack: 'wasm-heap', stops: true, needed: 4_363_103_616, available: 4 * GIB });
    expect(meaning).toContain('about 4.06 GiB');
    expect(meaning).toContain('can hold 4 GiB');
  });

  test('where the address asks for too much, the address is the remedy', () => {
    expect(lackText({ lack: 'webgpu', stops: true }).remedy).toContain('Remove “device”');
    expect(lackText({ lack: 'float16', stops: true }).remedy).toContain('Remove “dtype”');
    expect(lackText({ lack: 'webgpu', stops: false }).remedy).not.toContain('Remove');
  });
});

describe('remedies', () => {
  test.each(Object.values(alternatives))('$change: a sentence and something to press', (alternative) => {
    const [remedy] = remediesOf([alternative]);
    expect(remedy?.sentence).toMatch(/^[A-Z0-9].*\.$/);
    expect(remedy?.label).toMatch(/^(Use|Open)/);
  });

  test('a size is offered as it was found', () => {
    const [fits] = remediesOf([{ change: 'smaller-size', numFrames: 12, width: 136, height: 104 }]);
    expect(fits).toMatchObject({ settings: { numFrames: 12, width: 136, height: 104 }, label: 'Use 136×104' });
  });

  test('one frame is one frame', () => {
    const [remedy] = remediesOf([{ ...alternatives['fewer-frames'], numFrames: 1 }]);
    expect(remedy?.label).toBe('Use 1 frame');
  });
});
