import { describe, expect, test } from 'vitest';
import { modelAt, shippedModel } from '../catalogue/models';
import { parseSettings } from './form';
import { reasonsNotToGenerate } from './reasons';

const recommended = parseSettings(null, shippedModel);

describe('settings from storage', () => {
  test('are what was stored', () => {
    const stored = { ...recommended, prompt: 'a blue star', seed: 7, newSeed: false, numInferenceSteps: null };
    expect(parseSettings(JSON.stringify(stored), shippedModel)).toEqual(stored);
  });

  test('are the model’s own where nothing was stored', () => {
    expect(recommended).toMatchObject({ numInferenceSteps: 20, numFrames: 8, width: 128, scheduler: 'DDIMScheduler' });
    expect(parseSettings(null, modelAt('x'))).toMatchObject({
      numInferenceSteps: 25,
      guidanceScale: 9,
      numFrames: 16,
      width: 256,
    });
  });

  test.each(['{', '"text"', 'null', '[1]', '{"numInferenceSteps":"many","scheduler":"Nope","seed":{}}'])(
    'are the model’s own where %s was stored',
    (json) => expect(parseSettings(json, shippedModel)).toEqual(recommended),
  );

  test('of an earlier version are read', () => {
    const stored = {
      ...{ prompt: 'a blue star', negativePrompt: 'text', seed: 7, newSeed: false, steps: 12, guidance: 7.5, eta: 0 },
      ...{ scheduler: 'EulerDiscreteScheduler', fps: 12, numFrames: 4, width: 64, height: null },
    };
    const { steps: numInferenceSteps, guidance: guidanceScale, ...same } = stored;
    const settings = parseSettings(JSON.stringify(stored), shippedModel);
    expect(settings).toEqual({ ...recommended, ...same, numInferenceSteps, guidanceScale });
  });

  test('keep what can be read beside what cannot', () => {
    const settings = parseSettings('{"numInferenceSteps":12,"guidanceScale":"high"}', shippedModel);
    expect(settings).toEqual({ ...recommended, numInferenceSteps: 12 });
  });
});

describe('reasons not to generate', () => {
  const browser = { secure: true, encodes: true };

  test('none for what each model recommends', () => {
    expect(reasonsNotToGenerate(recommended, browser)).toEqual([]);
    expect(reasonsNotToGenerate(parseSettings(null, modelAt('x')), browser)).toEqual([]);
  });

  test('none for a field that the scheduler does not read', () => {
    const settings = { ...recommended, scheduler: 'LCMScheduler' as const, eta: null };
    expect(reasonsNotToGenerate(settings, browser)).toEqual([]);
  });

  test.each([
    [{ prompt: ' \n' }, 'The prompt is empty.'],
    [{ numInferenceSteps: null }, 'Steps is empty.'],
    [{ eta: null }, 'Eta is empty.'],
    [{ eta: 1.1 }, 'Eta must be between 0 and 1.'],
    [{ numInferenceSteps: 0 }, 'Steps must be between 1 and 1000.'],
    [{ numInferenceSteps: 2.5 }, 'Steps must be a whole number.'],
    [{ width: 100 }, 'Width must be a multiple of 16.'],
    [{ guidanceScale: 101 }, 'Guidance must be between 0 and 100.'],
    [{ seed: -1, newSeed: false }, 'Seed must be between 0 and 9007199254740991.'],
  ])('%j', (changes, reason) => {
    expect(reasonsNotToGenerate({ ...recommended, ...changes }, browser, 'here', shippedModel)).toEqual([reason]);
  });

  test('a seed that is about to be drawn may be anything', () => {
    expect(reasonsNotToGenerate({ ...recommended, seed: null, newSeed: true }, browser)).toEqual([]);
  });

  test('a model that has to be downloaded first', () => {
    expect(reasonsNotToGenerate(recommended, browser, 'missing')[0]).toContain('Models');
    expect(reasonsNotToGenerate(recommended, browser, 'unknown')).toHaveLength(1);
  });

  test('guidance may be any number', () => {
    expect(reasonsNotToGenerate({ ...recommended, guidanceScale: 7.25 }, browser)).toEqual([]);
  });

  test('a browser that cannot', () => {
    expect(reasonsNotToGenerate(recommended, { secure: false, encodes: false })[0]).toContain('https');
    expect(reasonsNotToGenerate(recommended, { secure: true, encodes: false })[0]).toContain('WebCodecs');
  });
});
