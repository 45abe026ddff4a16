import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { checksums } from './checksums-plugin';

it('lists every file but itself, as sha256sum does', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kinora-checksums-'));
  try {
    mkdirSync(path.join(folder, 'assets'));
    writeFileSync(path.join(folder, 'b.txt'), 'abc');
    writeFileSync(path.join(folder, 'assets/a b.js'), '');
    writeFileSync(path.join(folder, 'SHA256SUMS'), 'of an earlier build');
    // the known hashes of the empty text, and of FIPS 180's first example
    expect(checksums(folder)).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  assets/a b.js\n' +
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b.txt\n',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
