import { describe, expect, it } from 'vitest';
import { schedulerDescriptions, schedulerNames } from '../schedulers/descriptions';
import { parameterNames, parameters } from '.';
import { completeParameters, matters, problemOf, problemsOf, readersOf } from './values';

const prompt = 'a red circle';

describe('the table', () => {
  it.each(parameterNames)('%s takes its own default, and says what it does in whole sentences', (name) => {
    const { default: usual, help } = parameters[name];
    if (usual !== undefined) expect(problemOf(name, usual)).toBeUndefined();
    expect(help).toMatch(/^[A-Z].*\.$/);
  });

  it('has a flag and a label for each', () => {
    for (const key of ['flag', 'label'] as const) {
      expect(new Set(parameterNames.map((name) => parameters[name][key])).size).toBe(parameterNames.length);
    }
  });

  it('has a row for everything that schedulers say they read', () => {
    for (const { reads } of schedulerDescriptions) for (const name of reads) expect(parameterNames).toContain(name);
  });
});

describe('values', () => {
  it('that are left out are the model’s own, or the default', () => {
    const model = { width: 64, height: 32, scheduler: 'DDIMScheduler', numFrames: 3 } as const;
    const complete = completeParameters({ prompt, height: 128 }, model);
    expect(complete).toMatchObject({ prompt, negativePrompt: '', width: 64, height: 128, scheduler: 'DDIMScheduler' });
    // from a model's configs, only what configs can specify
    expect(complete.numFrames).toBe(16);
    expect(Object.keys(complete)).toEqual(parameterNames);
  });

  it.each([
    [{}, 'prompt is empty.'],
    [{ prompt, seed: null }, 'seed is empty.'],
    [{ prompt, seed: 1.5 }, 'seed must be a whole number.'],
    [{ prompt, seed: 2 ** 53 }, 'seed must be between 0 and 9007199254740991.'],
    [{ prompt, eta: Number.NaN }, 'eta must be a number.'],
    [{ prompt, numFrames: Number.POSITIVE_INFINITY }, 'numFrames must be between 1 and 256.'],
    [{ prompt, width: 72 }, 'width must be a multiple of 16.'],
    [{ prompt: 1, numInferenceSteps: '5' }, 'prompt must be text; numInferenceSteps must be a number.'],
    [{ prompt, scheduler: 'toString' }, `scheduler must be one of ${schedulerNames.join(', ')}.`],
  ])('%j are refused', (given, message) => {
    const refused = () => completeParameters(given, { vaeScaleFactor: 16 });
    expect(refused).toThrow(expect.objectContaining({ code: 'invalid-argument', message }));
  });

  it('are multiples of 8 where the model is not known, as diffusers asks', () => {
    expect(problemsOf({ prompt, width: 72, height: 68 })).toEqual([
      { name: 'height', problem: 'must be a multiple of 8' },
    ]);
  });
});

it('eta matters to DDIM only, and everything else to all', () => {
  expect(readersOf('eta').map(({ className }) => className)).toEqual(['DDIMScheduler']);
  for (const scheduler of schedulerNames) {
    const idle = parameterNames.filter((name) => !matters(name, { scheduler }));
    expect(idle).toEqual(scheduler === 'DDIMScheduler' ? [] : ['eta']);
  }
});
