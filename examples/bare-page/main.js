import { CheckpointStore, encodeMp4, openCheckpoint, TextToVideoPipeline } from '../../dist-library/kinora.js';

const form = document.querySelector('form');
const output = document.querySelector('output');
const video = document.querySelector('video');
const model = new URL('../../public/models/moving-shapes', import.meta.url).href;
/** Loaded once: the weights come over the network the first time, and out of IndexedDB from then on. */
let pipeline;

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const fields = new FormData(form);
  const onProgress = ({ stage, done, total }) => {
    output.value = `${stage} ${done}/${total}`;
  };
  const size = { width: 128, height: 128 };
  try {
    pipeline ??= await TextToVideoPipeline.fromPretrained(
      await openCheckpoint(model, { store: new CheckpointStore() }),
      { device: new URLSearchParams(location.search).get('device') ?? 'auto', onProgress },
    );
    const { frames } = await pipeline.generate({
      ...size,
      prompt: String(fields.get('prompt')),
      negativePrompt: '',
      seed: 7,
      numInferenceSteps: Number(fields.get('steps')),
      guidanceScale: 4,
      numFrames: 8,
      scheduler: 'DDIMScheduler',
      onProgress,
    });
    const { blob } = await encodeMp4({ ...size, frames, fps: 8 });
    video.src = URL.createObjectURL(blob);
    output.value = 'done';
  } catch (error) {
    output.value = `${error.code}: ${error.message}`;
  }
});
