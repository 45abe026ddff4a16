/** What the page knows about a checkpoint, and the one it ships with. Other known ones: known-models.ts. */

import type { ParameterValues } from '../engine/parameters';
import { completeParameters } from '../engine/parameters/values';
import { canHaveToken, hubOrigin } from '../shared/access-token';
import { withoutQuery } from '../shared/address';

/** A prompt to begin with. */
export interface Example {
  prompt: string;
  /** The prompt in a few words. */
  label: string;
  /** A small picture: a shape in its colour on its background. */
  picture?: { shape: 'circle' | 'square' | 'triangle' | 'star'; colour: string; background: string };
}

/** What a visitor has to know and accept before the first byte of a model is downloaded. */
export interface Terms {
  /** Address of the page on which its authors describe it. */
  page: string;
  /** Each licence statement of the authors; empty if they have to be read on the page. */
  licences: readonly string[];
  limits: readonly string[];
  /** What it must not be used for. */
  misuse: readonly string[];
}

export interface Model {
  id: string;
  name: string;
  /** What it can show, in one sentence or two. */
  about: string;
  /** On a server, stored as the copy of a folder, or in a folder on the visitor's disk that is used in place. */
  place: 'server' | 'copy' | 'folder';
  /** Address of the diffusers folder on a server, relative to the page or absolute; otherwise the model's id. */
  url: string;
  /** Recommended values, where they differ from the parameters' defaults. */
  recommended: Partial<ParameterValues>;
  /** Pixels per latent, if known before the model is loaded. */
  vaeScaleFactor?: number;
  /** Bytes that are downloaded before the first video; undefined if not known in advance. */
  downloadBytes?: number;
  examples: readonly Example[];
  /** Undefined if there is nothing to accept: Generate then downloads what is missing. */
  terms?: Terms;
}

export const shippedModel: Model = {
  id: 'moving-shapes',
  name: 'Moving shapes',
  about:
    'A small model that ships with the page. It knows eight colours, four shapes, eight motions and four backgrounds.',
  // what is stored under an address is never requested again, so another checkpoint needs another version
  place: 'server',
  url: 'models/moving-shapes?v=5',
  recommended: {
    ...{ numInferenceSteps: 20, guidanceScale: 1.5, scheduler: 'DDIMScheduler', numFrames: 8 },
    ...{ width: 128, height: 128 },
  },
  vaeScaleFactor: 16,
  downloadBytes: 16e6,
  examples: [
    {
      prompt: 'a red circle moving right on a blue background',
      label: 'red circle moving right',
      picture: { shape: 'circle', colour: '#e12828', background: '#1e3296' },
    },
    {
      prompt: 'a yellow star spinning on a black background',
      label: 'yellow star spinning',
      picture: { shape: 'star', colour: '#f5dc32', background: '#0f0f0f' },
    },
    {
      prompt: 'a green triangle bouncing on a white background',
      label: 'green triangle bouncing',
      picture: { shape: 'triangle', colour: '#28af3c', background: '#f2f2f2' },
    },
    {
      prompt: 'a pink square growing on a gray background',
      label: 'pink square growing',
      picture: { shape: 'square', colour: '#fa8cc3', background: '#808080' },
    },
  ],
};

/** For text-to-video-ms-1.7b and models derived from it, whose other settings are the defaults. */
export const familyExamples: readonly Example[] = [
  { prompt: 'a panda eating bamboo on a rock', label: 'panda eating bamboo' },
  { prompt: 'waves breaking on a beach at sunset', label: 'waves at sunset' },
];

/** The form's values before anyone changes them. */
export function recommendedFor({ examples: [example], recommended }: Model): ParameterValues {
  return completeParameters({ prompt: example?.prompt ?? '', ...recommended });
}

/** The model for a diffusers folder at any other address. */
export function modelAt(url: string): Model {
  const model: Model = {
    id: url,
    name: withoutQuery(url),
    about: 'A model from another address. What it can show depends on its authors.',
    place: 'server',
    url,
    recommended: {},
    examples: familyExamples,
  };
  const page = hubPage(url);
  if (!page) return model;
  const terms: Terms = {
    page: page.url,
    licences: [],
    limits: ['Its page says what it can and cannot show.'],
    misuse: ['Anything that its licence or its page forbids.'],
  };
  return { ...model, name: page.name, terms };
}

/** The model for a copy of a folder from the visitor's disk, or for that folder itself. */
export function modelOnDisk(id: string, name: string, place: 'copy' | 'folder'): Model {
  const about = 'A model from a folder on this computer.';
  return { id, name, about, place, url: id, recommended: {}, examples: familyExamples };
}

/** The hub page of the model whose files are in the folder `url`; undefined for other addresses. */
function hubPage(url: string): { url: string; name: string } | undefined {
  const { origin = '', pathname = '' } = URL.parse(url) ?? {};
  const [, hub, name] = /^(https?:\/\/.*?)\/([^/]+\/[^/]+)\/resolve\/[^/]+\/?$/.exec(origin + pathname) ?? [];
  return hub === undefined || name === undefined ? undefined : { url: `${hub}/${name}`, name };
}

/** Origins that an access token may be entered for: those of all models on a hub, and always the Hugging Face hub. */
export function tokenOrigins(models: readonly Model[]): string[] {
  const hubs = models.flatMap(({ terms }) => (terms ? new URL(terms.page).origin : []));
  return [...new Set([hubOrigin, ...hubs])].filter(canHaveToken);
}
