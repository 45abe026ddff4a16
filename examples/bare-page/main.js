import { CheckpointStore, encodeMp4, openCheckpoint, TextToVideoPipeline } from '../../dist-library/kinora.js';

const [form, output, video] = ['form', 'output', 'video'].map((name) => document.querySelector(name));
const model = new URL('../../public/models/moving-shapes', import.meta.url).href;
const device = new URLSearchParams(location.search).get('device') ?? 'auto';
const size = { width: 128, height: 128, numFrames: 8 };
const settings = { ...size, negativePrompt: '', seed: 7, guidanceScale: 1.5, scheduler: 'DDIMScheduler' };
const onProgress = ({ stage, done, total }) => {
  output.value = `${stage} ${done}/${total}`;
};
/** Loaded once: the weights come over the network the first time, and from IndexedDB afterwards. */
let pipeline;

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { prompt, steps } = Object.fromEntries(new FormData(form));
  try {
    if (!pipeline) {
      const checkpoint = await openCheckpoint(model, { store: new CheckpointStore() });
      pipeline = await TextToVideoPipeline.fromPretrained(checkpoint, { device, onProgress });
    }
    const { frames } = await pipeline.generate({ ...settings, prompt, numInferenceSteps: Number(steps), onProgress });
    const { blob } = await encodeMp4({ ...size, frames, fps: 8 });
    video.src = URL.createObjectURL(blob);
    output.value = 'done';
  } catch (error) {
    output.value = `${error.code}: ${error.message}`;
  }
});
