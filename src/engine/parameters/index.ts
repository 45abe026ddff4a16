/**
 * The parameters of a video, one row each: the form, its checks, the command line, the engine's checks, the comment in the mp4
 * file and docs/settings.md use these rows. Names are those of diffusers' pipelines, in camelCase.
 */
import { schedulerDescriptions } from '../schedulers/descriptions';
import type { ChoiceParameter, Group, Parameter, ParameterKind, ValueOf } from './kinds';

/** In the order of the form and of the documentation. */
const table = {
  /** What the video shows. */
  prompt: {
    kind: 'text',
    label: 'Prompt',
    flag: 'prompt',
    help: 'What the video shows, in English.',
  },
  /** What the video should not show. Ignored if `guidanceScale` is 1 or less. */
  negativePrompt: {
    kind: 'text',
    label: 'Negative prompt',
    flag: 'negative',
    help: 'What the video should not show. Works only with guidance above 1.',
    default: '',
  },
  /** Number of denoising steps. */
  numInferenceSteps: {
    kind: 'number',
    label: 'Steps',
    flag: 'steps',
    help: 'More steps take longer and look better, up to a point.',
    cost: 'time grows with it',
    group: 'main',
    min: 1,
    max: 1000,
    multipleOf: 1,
    default: 25,
  },
  /** Classifier-free guidance, w of equation 2 of the Imagen paper; 1 or less turns it off, for half the work. */
  guidanceScale: {
    kind: 'number',
    label: 'Guidance',
    flag: 'guidance',
    help: 'How closely to follow the prompt. 1 or less takes half the time.',
    cost: 'above 1 each step runs the network twice',
    group: 'main',
    min: 0,
    max: 100,
    step: 0.5,
    default: 9,
  },
  /** `torch.Generator('cpu').manual_seed(seed)`. */
  seed: {
    kind: 'number',
    label: 'Seed',
    flag: 'seed',
    help: 'The same seed and settings give the same video.',
    group: 'main',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    multipleOf: 1,
    default: 0,
  },
  /** Class name in diffusers. */
  scheduler: {
    kind: 'choice',
    label: 'Scheduler',
    flag: 'scheduler',
    help: 'How each step goes from more noise to less.',
    ofCheckpoint: true,
    group: 'sampling',
    choices: schedulerDescriptions.map(({ className, label, when }) => ({ value: className, label, help: when })),
    default: 'DPMSolverMultistepScheduler',
  },
  /** Where guidance begins, as a share of the steps: `start` of diffusers' ClassifierFreeGuidance, after arXiv 2404.07724. */
  guidanceStart: {
    kind: 'number',
    label: 'Guidance from',
    flag: 'guidance-start',
    help: 'The share of the steps after which guidance begins; 0 is the first step.',
    group: 'sampling',
    min: 0,
    max: 1,
    step: 0.1,
    default: 0,
  },
  /** Where guidance ends: `stop` of diffusers' ClassifierFreeGuidance. */
  guidanceStop: {
    kind: 'number',
    label: 'Guidance to',
    flag: 'guidance-stop',
    help: 'The share of the steps after which guidance ends. Steps without it take half the time.',
    group: 'sampling',
    min: 0,
    max: 1,
    step: 0.1,
    default: 1,
  },
  /** Noise between the steps, as a fraction of DDPM's: η of the DDIM paper. Only for the schedulers that read it. */
  eta: {
    kind: 'number',
    label: 'Eta',
    flag: 'eta',
    help: 'How much new noise each step adds; 0 adds none.',
    group: 'sampling',
    min: 0,
    max: 1,
    step: 0.1,
    default: 0,
  },
  /** Number of frames. */
  numFrames: {
    kind: 'number',
    label: 'Frames',
    flag: 'frames',
    help: 'How long the video is.',
    cost: 'time and memory grow with it',
    group: 'size',
    min: 1,
    max: 256,
    multipleOf: 1,
    default: 16,
  },
  /** Frames per second at which the video is shown; does not change the frames. An mp4 file keeps three decimals. */
  fps: {
    kind: 'number',
    label: 'Frames per second',
    flag: 'fps',
    help: 'How fast the finished frames are shown.',
    group: 'size',
    min: 0.001,
    max: 240,
    step: 1,
    default: 8,
  },
  /** Pixels. */
  width: {
    kind: 'number',
    label: 'Width',
    flag: 'width',
    help: 'Width of the video, in pixels.',
    cost: 'time and memory grow with width × height, and partly faster',
    ofCheckpoint: true,
    group: 'size',
    min: 8,
    max: 4096,
    multipleOf: 'vaeScaleFactor',
    default: 256,
  },
  /** Pixels. */
  height: {
    kind: 'number',
    label: 'Height',
    flag: 'height',
    help: 'Height of the video, in pixels.',
    cost: 'as for width',
    ofCheckpoint: true,
    group: 'size',
    min: 8,
    max: 4096,
    multipleOf: 'vaeScaleFactor',
    default: 256,
  },
} as const satisfies Record<string, Parameter>;

type Table = typeof table;

/** The name of a parameter, as in diffusers but in camelCase. */
export type ParameterName = keyof Table;

/** The names of the parameters of a kind. */
export type NameOfKind<Kind extends ParameterKind> = {
  [Name in ParameterName]: Table[Name]['kind'] extends Kind ? Name : never;
}[ParameterName];

type Row<Of> = Of extends { kind: 'choice' }
  ? ChoiceParameter<ValueOf<Of>>
  : Extract<Parameter, Pick<Of & Parameter, 'kind'>>;

export const parameters: { readonly [Name in ParameterName]: Row<Table[Name]> } = table;

/** A value for every parameter. */
export type ParameterValues = { -readonly [Name in keyof Table]: ValueOf<Table[Name]> };

export function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(table, name);
}

export const parameterNames: readonly ParameterName[] = Object.keys(table).filter(isParameterName);

/** Parameters that have a field of their own kind in the form. */
export type FieldName = Exclude<ParameterName, NameOfKind<'text'>>;

export function fieldsOf(group: Group): FieldName[] {
  return parameterNames.filter((name): name is FieldName => 'group' in table[name] && table[name].group === group);
}
