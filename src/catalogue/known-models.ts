/** Models on the Hugging Face hub known to be of this kind, with what their authors say about them. */
import { hubOrigin as hub } from '../shared/access-token';
import { familyExamples, type Model, shippedModel, type Terms } from './models';

const familyLimits = [
  'Understands English only.',
  'Cannot write legible text, and struggles with scenes that have many parts.',
  'Far from film quality. It has the biases of the images and videos it was trained on (LAION-5B, ImageNet, WebVid).',
];

const familyMisuse = [
  'True-to-life depictions of real people or events, which it was not trained for.',
  'Content that demeans or harms people, their environment, culture or religion.',
  'Pornographic, violent or bloody content, or false information.',
];

const msTerms: Terms = {
  page: `${hub}/ali-vilab/text-to-video-ms-1.7b`,
  licences: ['CC BY-NC 4.0, according to its page’s metadata', 'CC BY-NC-ND, according to its page’s text'],
  limits: [...familyLimits, 'Many videos show the WebVid watermark.'],
  misuse: familyMisuse,
};

/** A model derived from text-to-video-ms-1.7b, whose terms apply too. */
function derived(repository: string, about: string, recommended: Model['recommended']): Model {
  return {
    id: repository,
    name: repository.split('/')[1] ?? repository,
    about,
    place: 'server',
    url: `${hub}/${repository}/resolve/main/`,
    recommended,
    examples: familyExamples,
    terms: { page: `${hub}/${repository}`, licences: [], limits: familyLimits, misuse: familyMisuse },
  };
}

export const knownModels: readonly Model[] = [
  shippedModel,
  {
    id: 'ali-vilab/text-to-video-ms-1.7b',
    name: 'text-to-video-ms-1.7b',
    about: 'The model that Kinora was built for: 1.7 billion parameters, short clips of nearly anything.',
    place: 'server',
    url: `${hub}/ali-vilab/text-to-video-ms-1.7b/resolve/8227dddca75a8561bf858d604cc5dae52b954d01/`,
    recommended: {},
    examples: familyExamples,
    downloadBytes: 2_822_650_226 + 680_821_102 + 167_335_350,
    terms: msTerms,
  },
  derived('cerspense/zeroscope_v2_576w', 'A wider picture without a watermark. Takes about four times as long.', {
    width: 576,
    height: 320,
    numFrames: 24,
  }),
  derived(
    'cerspense/zeroscope_v2_XL',
    'Large pictures. Made to enlarge videos from zeroscope_v2_576w, which Kinora cannot do yet; from a prompt alone it does less well.',
    { width: 1024, height: 576, numFrames: 24 },
  ),
  derived('camenduru/potat1', 'The same model, trained further for larger pictures.', {
    width: 1024,
    height: 576,
    numFrames: 24,
  }),
  derived('strangeman3107/animov-512x', 'The same model, trained further for anime-style animation.', {
    width: 512,
    height: 512,
  }),
];
