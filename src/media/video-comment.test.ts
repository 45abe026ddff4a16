import { describe, expect, it } from 'vitest';
import { completeParameters } from '../engine/parameters/values';
import { parseVideoComment, writeVideoComment } from './video-comment';

const model = 'https://models.example/shapes/';

/** As it was written before there was an eta. */
const early = {
  ...{ schema: 'kinora-video-1', model, prompt: 'a red circle', negativePrompt: 'text', seed: 7, numInferenceSteps: 5 },
  ...{ guidanceScale: 1.5, numFrames: 8, width: 72, height: 128, fps: 12.5, scheduler: 'DDIMScheduler' },
};

describe('the comment of a video', () => {
  it('says what it was made of', () => {
    const parameters = completeParameters({ prompt: 'a green star', seed: 2 ** 53 - 1, eta: 0.5 });
    const adapters = [
      { id: `${model}lora/?key=secret`, scale: -0.5 },
      { id: 'folder:lora', scale: 1 },
    ];
    const comment = writeVideoComment({ model: `${model}?key=secret`, adapters, parameters });
    expect(comment).not.toContain('secret');
    const [first, second] = adapters;
    const shown = [{ ...first, id: `${model}lora/` }, second];
    expect(parseVideoComment(comment)).toEqual({ model, adapters: shown, parameters });
  });

  it('names the decoder, where another took the place of the model’s own', () => {
    const parameters = completeParameters({ prompt: 'a green star' });
    const decoder = 'https://models.example/taesd/';
    const comment = writeVideoComment({ model, decoder: `${decoder}?key=secret`, parameters });
    expect(comment).not.toContain('secret');
    expect(parseVideoComment(comment)).toEqual({ model, decoder, parameters });
  });

  it('of an earlier version is read; what it does not name has its default', () => {
    const { schema: _, model: id, ...same } = early;
    const read = parseVideoComment(JSON.stringify(early));
    const { prompt } = same;
    expect(read).toEqual({ model: id, parameters: { ...completeParameters({ prompt }), ...same, eta: 0 } });
  });

  it('may name what a later version knows', () => {
    const read = parseVideoComment(JSON.stringify({ ...early, later: 1 }));
    expect(read.parameters).not.toHaveProperty('later');
  });

  it.each([
    ['none', undefined],
    ['text', 'a comment'],
    ['another program’s', JSON.stringify({ ...early, schema: 'other' })],
    ['one without a model', JSON.stringify({ ...early, model: undefined })],
    ['one without a prompt', JSON.stringify({ ...early, prompt: undefined })],
    ['one with an adapter without a scale', JSON.stringify({ ...early, adapters: [{ id: 'lora' }] })],
    ['one with a field of another type', JSON.stringify({ ...early, seed: '7' })],
    ['one with a field that is empty', JSON.stringify({ ...early, seed: null })],
    ['one of a size that is none', JSON.stringify({ ...early, width: 0 })],
  ])('%s is refused', (_, comment) => {
    expect(() => parseVideoComment(comment)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});
