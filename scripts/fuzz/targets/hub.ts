import fc from 'fast-check';
import { publishedModel } from '../../../src/checkpoint/hub';
import { hostileString, jsonLike } from '../inputs';
import { accepted, expect, target } from '../target';

const sha256 = 'f972e78d39735baa09aab1cf60dd19f213e32f1c5a89382385e1a7f647b2e537';
const answer = {
  id: 'a/b',
  sha: '8227dddca75a8561bf858d604cc5dae52b954d01',
  cardData: { license: 'cc-by-nc-4.0', tags: ['text-to-video'] },
  siblings: [
    { rfilename: 'unet/config.json', size: 700, blobId: 'x' },
    {
      rfilename: 'unet/model.safetensors',
      size: 2_822_650_226,
      lfs: { sha256, size: 2_822_650_226, pointerSize: 135 },
    },
  ],
};
const inputs = fc.record({
  body: jsonLike(answer),
  revision: fc.oneof(
    fc.constant('main'),
    fc.constantFrom('constructor', '__proto__', 'toString', 'valueOf'),
    hostileString,
  ),
});

export const hub = [
  target("the hub's answer", inputs, async ({ body, revision }) => {
    let asked = 0;
    const fetch = async () => {
      asked++;
      return new Response(body, { headers: { 'content-type': 'application/json' } });
    };
    const folder = URL.parse(
      `https://huggingface.co/a/b/resolve/${new URLSearchParams({ revision }).toString().slice('revision='.length)}/`,
    );
    if (!folder) return;
    const model = await accepted(() => publishedModel(folder, { fetch }));
    // an empty revision, or one of dots, makes another address of it
    if (asked === 0)
      expect(model === undefined && !/\/resolve\/[^/]+\/$/.test(folder.pathname), `the hub is asked about ${folder}`);
    for (const [path, file] of model?.files ?? []) {
      expect(typeof path === 'string' && Number.isFinite(file.bytes), `${path} has ${file.bytes} bytes`);
      expect(file.sha256 === undefined || /^[0-9a-f]{64}$/.test(file.sha256), `${path} has the hash ${file.sha256}`);
    }
  }),
];
