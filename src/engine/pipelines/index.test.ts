import { expect, it } from 'vitest';
import { modelIndex } from '../../../tests/server/synthetic';
import { pipelineOf } from '.';

function check(change: object) {
  return () => pipelineOf(JSON.stringify({ ...modelIndex, ...change }));
}

it('accepts a text-to-video pipeline with any scheduler', () => {
  expect(check({ scheduler: ['diffusers', 'DPMSolverMultistepScheduler'] })).not.toThrow();
});

it.each([
  [{ _class_name: 'StableDiffusionPipeline' }, 'is a StableDiffusionPipeline'],
  [{ _class_name: undefined }, '_class_name'],
  [{ unet: ['diffusers', 'UNet2DConditionModel'] }, 'unet is UNet2DConditionModel'],
  [{ vae: [null, null] }, 'vae is nothing'],
  [{ text_encoder: undefined }, 'text_encoder is nothing'],
])('refuses %j', (change, message) => {
  expect(check(change)).toThrow(
    expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringContaining(message) }),
  );
});

it.each(['Infinity', '-Infinity', 'NaN'])("lets a config have Python's %s", (number) => {
  const text = JSON.stringify({ ...modelIndex, guidance: 0 }).replace('"guidance":0', `"guidance":${number}`);
  expect(() => pipelineOf(text)).not.toThrow();
});

it.each(['', '{', '{"a": infinity}', `{"_class_name": ${'['.repeat(1e6)}${']'.repeat(1e6)}}`])(
  'refuses what is not JSON',
  (text) => {
    expect(() => pipelineOf(text)).toThrow(
      expect.objectContaining({
        code: 'invalid-checkpoint',
        message: expect.stringContaining('model_index.json is not'),
      }),
    );
  },
);

it('refuses JSON of something else', () => {
  expect(() => pipelineOf('[]')).toThrow(expect.objectContaining({ code: 'invalid-checkpoint' }));
});

it.each([{ _class_name: 'x'.repeat(1e5) }, { unet: ['diffusers', 'x'.repeat(1e5)] }])(
  'keeps its message short where a name is long',
  (change) => expect(check(change)).toThrow(/^.{100,400}$/),
);
