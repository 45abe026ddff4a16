import { describe, expect, test } from 'vitest';
import type { AdapterFacts } from '../../platform';
import type { DeviceReport } from '../../protocol';
import type { Assessment } from '../../state/assessment';
import type { BrowserFacts } from '../../state/device';
import { bytesText } from '../bytes';
import { deviceReport } from './device-report';
import { deviceRows, type KnownOfDevice } from './device-rows';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

const adapter: AdapterFacts = {
  name: 'acme rdna-9',
  software: false,
  float16: true,
  maxBufferSize: 4 * GIB,
  maxStorageBufferBindingSize: 2 * GIB,
};
const browser: BrowserFacts = {
  userAgent: 'A Browser/1.0',
  secure: true,
  isolated: true,
  threads: 4,
  jspi: true,
  memoryBytes: 16 * GIB,
  storage: { bytes: 16 * MIB, persistent: true },
};
const encoders: KnownOfDevice['encoders'] = {
  codecs: { avc: 'avc1.64000d', vp9: 'vp09.00.20.08', av1: undefined },
  width: 256,
  height: 256,
  fps: 8,
};
const memory = { weights: GIB, activations: GIB, scratch: 0, largest: GIB };
const network = {
  component: 'unet',
  label: 'denoiser',
  companion: false,
  flops: 4.83e12,
  per: 'step',
  ...memory,
} as const;
const report: DeviceReport = {
  target: { device: 'webgpu', dtype: 'float16' },
  needs: {
    networks: [network],
    bytes: { 'keep-ready': 6 * GIB, 'low-memory': 2 * GIB },
    largest: { label: 'denoiser', bytes: GIB },
  },
  shortfalls: [],
  alternatives: [],
};
const request = {
  source: { kind: 'remote', url: 'https://models.example/m' },
  device: 'auto',
  dtype: 'auto',
  numFrames: 16,
  width: 256,
  height: 256,
} as const;
const counted = (changes: Partial<DeviceReport> = {}): Assessment => ({
  state: 'counted',
  report: { ...report, ...changes },
  request,
});
const good: KnownOfDevice = { adapter, browser, encoders, assessment: counted(), flops: 254.4e12 };

function row(known: KnownOfDevice, name: string) {
  const found = deviceRows(known)
    .flatMap(({ rows }) => rows)
    .find((candidate) => candidate.name.startsWith(name));
  if (!found) throw new Error(`There is no row ${name}.`);
  return found;
}

describe('rows', () => {
  test('the work, in a unit that suits it', () => {
    expect(row(good, 'Work').value).toBe('254 TFLOP');
    expect(row({ ...good, flops: 20_400_000_000 }, 'Work').value).toBe('20.4 GFLOP');
    expect(() => row({ ...good, flops: undefined }, 'Work')).toThrow('no row');
  });

  test('a good device has no problem and no limit', () => {
    const verdicts = deviceRows(good).flatMap(({ rows }) => rows.map(({ verdict }) => verdict));
    expect(verdicts).toContain('good');
    expect(verdicts.filter((verdict) => verdict === 'problem' || verdict === 'limited')).toEqual([]);
  });

  test('what the browser has not answered yet is no verdict', () => {
    const rows = deviceRows({
      adapter: undefined,
      browser: undefined,
      encoders: undefined,
      assessment: undefined,
      flops: undefined,
    });
    expect(rows.flatMap((group) => group.rows.map(({ verdict }) => verdict))).toEqual(['none']);
  });

  test('a software adapter is named as one', () => {
    const software = { ...good, adapter: { ...adapter, software: true, name: 'google swiftshader' } };
    expect(row(software, 'Adapter')).toMatchObject({
      value: 'software adapter: google swiftshader',
      verdict: 'limited',
    });
  });

  test('a limit is held against what the video needs, where the GPU makes it', () => {
    const needs = { ...report.needs, largest: { label: 'denoiser', bytes: 3 * GIB } };
    const large = { ...good, assessment: counted({ needs }) };
    expect(row(large, 'Largest buffer')).toMatchObject({
      value: '4 GiB (maxBufferSize); this video needs 3 GiB',
      verdict: 'good',
    });
    expect(row(large, 'Largest binding')).toMatchObject({
      value: '2 GiB (maxStorageBufferBindingSize); this video needs 3 GiB',
      verdict: 'problem',
    });
    const onCpu = { ...good, assessment: counted({ needs, target: { device: 'wasm', dtype: 'float32' } }) };
    expect(row(onCpu, 'Largest binding').verdict).toBe('none');
  });

  test('memory that runs short', () => {
    const shortfalls = [{ lack: 'memory', stops: false, needed: 2 * GIB, available: 2 * GIB } as const];
    const known = { ...good, assessment: counted({ shortfalls }) };
    expect(row(known, 'GPU memory, one').verdict).toBe('limited');
    const alternatives = [{ change: 'low-memory', numFrames: 16, width: 256, height: 256 } as const];
    const tight = { ...good, assessment: counted({ alternatives }) };
    expect(row(tight, 'GPU memory, all').verdict).toBe('limited');
    expect(row(tight, 'GPU memory, one').verdict).toBe('good');
  });

  test('without H.264 another codec is used; without any there is a problem', () => {
    const codecs = { avc: undefined, vp9: 'vp09.00.20.08', av1: undefined };
    const some = { ...good, encoders: { codecs, width: 256, height: 256, fps: 8 } };
    expect(row(some, 'H.264')).toMatchObject({ verdict: 'none', follows: 'Videos are written as VP9 instead.' });
    const none = { ...good, encoders: { ...some.encoders, codecs: { ...codecs, vp9: undefined } } };
    expect(row(none, 'H.264').verdict).toBe('problem');
  });
});

describe('report', () => {
  test('holds every row, the version, the browser and the video', () => {
    const text = deviceReport(good, 'A model');
    expect(text).toMatch(/^Kinora \d+\.\d+\.\d+, device report\nBrowser: A Browser\/1\.0\nModel: A model\n/);
    expect(text).toContain('16 frames of 256×256');
    for (const { name, value, follows } of deviceRows(good).flatMap(({ rows }) => rows)) {
      expect(text).toContain(`${name}: ${value}. ${follows}`);
    }
  });

  test('what stops the video comes first, and what would work after it', () => {
    const shortfalls = [
      { lack: 'float16', stops: false },
      { lack: 'buffer-size', stops: true, needed: 3 * GIB, available: GIB },
    ] as const;
    const alternatives = [{ change: 'fewer-frames', numFrames: 8, width: 256, height: 256 }] as const;
    const text = deviceReport({ ...good, assessment: counted({ shortfalls, alternatives }) }, 'A model');
    const places = ['[Not possible here]', '[Limited] No half precision', 'What would work\n8 frames'].map((part) =>
      text.indexOf(part),
    );
    expect(places[0]).toBeGreaterThan(0);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  test('a model whose needs are unknown says why', () => {
    const assessment: Assessment = { state: 'failed', code: 'not-found', message: 'no config.json', request };
    expect(deviceReport({ ...good, assessment }, 'A model')).toContain('not-found: no config.json');
  });

  test('the key of a signed address stays out of it', () => {
    const source = { kind: 'remote', url: 'https://models.example/m/?X-Amz-Signature=SECRET' } as const;
    const text = deviceReport({ ...good, assessment: { ...counted(), request: { ...request, source } } }, 'A model');
    expect(text).toContain('Source: https://models.example/m/\n');
    expect(text).not.toContain('SECRET');
  });
});

test('bytes', () => {
  expect([0, 1, 1023, 1024, 1.5 * MIB, 100 * MIB, 1023 * MIB, 4_363_103_616].map(bytesText)).toEqual([
    '0 bytes',
    '1 bytes',
    '1023 bytes',
    '1 KiB',
    '1.5 MiB',
    '100 MiB',
    '1023 MiB',
    '4.06 GiB',
  ]);
});
