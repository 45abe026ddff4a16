import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { npy } from './npy';
import { Outputs } from './outputs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kinora-outputs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('files get their names only at the end', () => {
  const file = path.join(folder, 'red.mp4');
  writeFileSync(file, 'old');
  const outputs = new Outputs();
  outputs.add(file, 'new');
  expect(readFileSync(file, 'utf8')).toBe('old');
  outputs.commit();
  expect(readdirSync(folder)).toEqual(['red.mp4']);
  expect(readFileSync(file, 'utf8')).toBe('new');
});

test('what is discarded leaves nothing', () => {
  const outputs = new Outputs();
  outputs.add(path.join(folder, 'red.mp4'), 'new');
  outputs.discard();
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder of frames holds one video', () => {
  for (const count of [3, 2]) {
    const outputs = new Outputs();
    for (let i = 0; i < count; i++) outputs.addFrame(folder, i, Buffer.from(`${count}`));
    outputs.commit();
  }
  writeFileSync(path.join(folder, 'notes.txt'), '');
  expect(readdirSync(folder).sort()).toEqual(['000.png', '001.png', 'notes.txt']);
  expect(readFileSync(path.join(folder, '000.png'), 'utf8')).toBe('2');
});

test('folders that are missing are made', () => {
  const outputs = new Outputs();
  outputs.add(path.join(folder, 'a/b/red.mp4'), 'new');
  outputs.addFrame(path.join(folder, 'c/d'), 0, Buffer.from('1'));
  outputs.commit();
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
    'a',
    'a/b',
    'a/b/red.mp4',
    'c',
    'c/d',
    'c/d/000.png',
  ]);
});

test('an .npy file is laid out as NumPy reads it', () => {
  const values = new Float32Array([1.5, -2, 0, 4, 5, 6]);
  const file = npy(new Uint8Array(values.buffer), [1, 2, 3]);
  expect(file.subarray(0, 8)).toEqual(Buffer.from('\x93NUMPY\x01\x00', 'latin1'));
  const end = 10 + file.readUInt16LE(8);
  expect(end % 64).toBe(0);
  expect(file.toString('latin1', 10, end)).toMatch(
    /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(1, 2, 3\), \} *\n$/,
  );
  expect(new Float32Array(new Uint8Array(file.subarray(end)).buffer)).toEqual(values);
  expect(npy(new Uint8Array(8), [2]).toString('latin1')).toContain("'shape': (2,), ");
});
