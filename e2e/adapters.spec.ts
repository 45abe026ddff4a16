/** LoRA adapters on the command line: the videos of diffusers and peft, from wherever an adapter lies. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { psnr, Safetensors } from '../tests/reference';
import { decodeVideo, probeVideo } from '../tests/server/ffmpeg';
import { generateIn } from './command-line';
import { startPlainHost } from './plain-host';

const root = path.resolve(import.meta.dirname, '..');
const adapters = path.join(root, 'reference/adapters');
const runs: { parameters: Record<string, string | number> }[] = JSON.parse(
  readFileSync(path.join(adapters, 'runs.json'), 'utf8'),
);
const expected = Safetensors.from(new Uint8Array(readFileSync(path.join(adapters, 'tensors.safetensors'))).buffer);

let folder: string;
/** The shipped checkpoint with a UNet that is smaller and random, which the adapters are for. */
test.beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kinora-adapters-'));
  cpSync(path.join(root, 'public/models/moving-shapes'), path.join(folder, 'model'), { recursive: true });
  const unet = path.join(folder, 'model/unet');
  rmSync(unet, { recursive: true });
  const small = path.join(root, 'reference/networks/unet-small');
  cpSync(path.join(small, 'config.json'), path.join(unet, 'config.json'));
  cpSync(path.join(small, 'weights.safetensors'), path.join(unet, 'diffusion_pytorch_model.safetensors'));
});
test.afterEach(() => rmSync(folder, { recursive: true }));

function optionsOf(run: number): string[] {
  const { prompt, negativePrompt, seed, numInferenceSteps, guidanceScale, scheduler, ...size } =
    runs[run]?.parameters ?? {};
  const { numFrames: frames, width, height } = size;
  const options = {
    ...{ prompt, negative: negativePrompt, seed, steps: numInferenceSteps, guidance: guidanceScale, scheduler },
    ...{ frames, width, height, model: 'model', dtype: 'f32' },
  };
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}

const qualityOf = async (frames: string, run: number) =>
  psnr(await decodeVideo(path.join(folder, frames, '%03d.png')), expected.bytes(`frames.${run}`));

for (const device of ['wasm', 'webgpu']) {
  test(`${device}: two adapters, four steps without guidance`, async () => {
    const lora = ['--lora', path.join(adapters, 'unet'), '--lora', path.join(adapters, 'text_encoder')];
    const { code, stderr } = await generateIn(
      folder,
      ...[...optionsOf(1), ...lora, '--device', device, '--png', 'frames', '--out', 'video.mp4'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const quality = await qualityOf('frames', 1);
    console.info(`${device}: PSNR ${quality.toFixed(1)} dB`);
    expect(quality).toBeGreaterThan(50);
    // without them it is another video
    expect(await qualityOf('frames', 0)).toBeLessThan(30);
    const { comment } = await probeVideo(path.join(folder, 'video.mp4'));
    expect(JSON.parse(comment ?? '')).toMatchObject({
      adapters: ['unet', 'text_encoder'].map((name) => ({ id: expect.stringMatching(`/${name}/$`), scale: 1 })),
      numInferenceSteps: 4,
    });
  });
}

test('in one browser: other scales, a file, an address, a line without any', async () => {
  const host = await startPlainHost(adapters, { headers: { 'Access-Control-Allow-Origin': '*' } });
  cpSync(path.join(adapters, 'kohya.safetensors'), path.join(folder, 'my lora.safetensors'));
  const [unet, text] = ['unet', 'text_encoder'].map((name) => path.join(adapters, name));
  const lines = [
    { png: 'both', lora: [unet, { where: text }] },
    { png: 'file', lora: 'my lora.safetensors' },
    { png: 'address', lora: [`${host.home}unet`, `${host.home}text_encoder/`] },
    { png: 'diffusers', lora: new URL('pytorch_lora_weights.safetensors', host.home).href },
    { png: 'none', lora: [] },
  ];
  writeFileSync(path.join(folder, 'batch.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
  const { code, stderr } = await generateIn(
    folder,
    ...[...optionsOf(1), '--lora', 'nowhere', '--device', 'wasm', '--batch', 'batch.jsonl'],
  );
  host.close();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const { png } of lines) expect(await qualityOf(png, png === 'none' ? 0 : 1), png).toBeGreaterThan(50);

  const scaled = ['--lora', unet ?? '', '--lora-scale', '0.75', '--lora', text ?? '', '--lora-scale=-1.5'];
  const guided = await generateIn(folder, ...optionsOf(2), ...scaled, '--device', 'wasm', '--png', 'scaled');
  expect(guided).toMatchObject({ code: 0, stderr: '' });
  expect(await qualityOf('scaled', 2)).toBeGreaterThan(50);
});

test('T2V-Turbo’s list is told of the guidance', async () => {
  const lora = ['--lora', path.join(adapters, 'unet_lora.pt')];
  const { code, stderr } = await generateIn(folder, ...optionsOf(3), ...lora, '--device', 'wasm', '--png', 'frames');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(await qualityOf('frames', 3)).toBeGreaterThan(50);
});

test('what cannot be applied is refused, and nothing is written', async () => {
  cpSync(path.join(adapters, 'unet/adapter_model.safetensors'), path.join(folder, 'bare/adapter_model.safetensors'), {
    recursive: true,
  });
  const shipped = path.join(root, 'public/models/moving-shapes');
  const lines = [
    { out: '1.mp4', model: shipped, lora: path.join(adapters, 'unet') },
    { out: '2.mp4', lora: 'bare' },
    { out: '3.mp4', lora: 'nowhere' },
    { out: '4.mp4', lora: 'model' },
    { out: '5.mp4', lora: [{ where: 'bare', strength: 1 }] },
  ];
  writeFileSync(path.join(folder, 'batch.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
  const { code, stderr } = await generateIn(folder, ...[...optionsOf(1), '--device', 'wasm', '--batch', 'batch.jsonl']);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^batch\.jsonl:1: invalid-checkpoint: .* tensor base_model\.model\.conv_in\.lora_B\.weight is/m,
  );
  expect(stderr).toMatch(/^batch\.jsonl:2: invalid-checkpoint: .*adapter_config\.json/m);
  expect(stderr).toMatch(/^batch\.jsonl:3: There is no LoRA adapter nowhere/m);
  expect(stderr).toMatch(/^batch\.jsonl:4: not-found: There is no LoRA adapter in/m);
  expect(stderr).toMatch(/^batch\.jsonl:5: --lora/m);
  expect(readdirSync(folder).sort()).toEqual(['bare', 'batch.jsonl', 'model']);

  for (const [args, message] of [
    [['--lora-scale', '1', '--lora', 'bare'], /--lora-scale belongs behind/],
    [['--lora', 'bare', '--lora-scale', 'much'], /--lora-scale: "much" is no number/],
  ] as const) {
    const refused = await generateIn(folder, ...optionsOf(1), ...args, '--out', 'video.mp4');
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
  }
});
