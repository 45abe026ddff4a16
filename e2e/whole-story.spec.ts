/** `npm run test:full` with a checkpoint of a few megabytes: the same code from the hub to the second start. */
import { writeFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { tellStory } from '../scripts/full-size/story';
import { probeVideo } from '../tests/server/ffmpeg';
import { startHub } from '../tests/server/hub';
import { folderFiles } from '../tests/server/hub-files';

test('from the hub to a video, through a broken connection and a reload, and again without the hub', async ({
  page,
  baseURL,
}) => {
  const hub = await startHub(folderFiles('public/models/moving-shapes'));
  try {
    const story = await tellStory({
      page,
      address: `${baseURL}/headless.html`,
      hub,
      video: {
        prompt: 'a red circle moving right on a blue background',
        negativePrompt: '',
        seed: 7,
        numInferenceSteps: 2,
        guidanceScale: 4,
        numFrames: 2,
        width: 64,
        height: 64,
        fps: 8,
        device: 'wasm',
        dtype: 'auto',
      },
    });
    expect(story.facts).toMatchObject({ id: hub.url, stored: true });
    for (const file of story.facts.files) expect(file).toMatchObject({ checked: true, storedBytes: file.bytes });
    expect(story.states).toContain('waiting');
    // nothing stored was downloaded again, except the headers of the files
    const missing = hub.weightBytes - story.storedAtReload;
    expect(story.storedAtReload).toBeGreaterThan(0);
    expect(story.sentAfterReload).toBeGreaterThanOrEqual(missing);
    expect(story.sentAfterReload).toBeLessThan(missing + 200_000);
    for (const [name, { mp4 }] of Object.entries({ first: story.first, second: story.second })) {
      const path = test.info().outputPath(`${name}.mp4`);
      writeFileSync(path, mp4);
      expect(await probeVideo(path)).toMatchObject({ width: 64, height: 64, nb_read_frames: 2 });
    }
    expect(story.second.latents).toBe(story.first.latents);
  } finally {
    hub.stop();
  }
});
