/**
 * The kinds of parameters: what a row of each kind specifies, and which values it takes. The compiler demands a new kind wherever
 * kinds matter.
 */

interface About {
  /** Name for people. */
  label: string;
  /** Name on the command line, without the dashes. */
  flag: string;
  /** A sentence or two for people, shown beside its field, in `--help`, in docs/settings.md. */
  help: string;
  /** What raising it costs, for docs/settings.md; nothing if left out. */
  cost?: string;
  /** Whether a checkpoint's configs give a recommended value. */
  ofCheckpoint?: true;
}

/** The group of the form that holds the field; texts stand above all groups. */
export type Group = 'main' | 'sampling' | 'size';

export interface TextParameter extends About {
  kind: 'text';
  /** Required if left out. */
  default?: string;
}

export interface NumberParameter extends About {
  kind: 'number';
  group: Group;
  min: number;
  max: number;
  /** 1 for whole numbers; `vaeScaleFactor` for the model's, 8 if unknown; any number if left out. */
  multipleOf?: 1 | 'vaeScaleFactor';
  /** Step of the field's arrows, if not `multipleOf`. */
  step?: number;
  default: number;
}

export interface Choice<Value = string> {
  value: Value;
  /** Name for people. */
  label: string;
  /** When to choose it, in one sentence. */
  help: string;
}

export interface ChoiceParameter<Value = string> extends About {
  kind: 'choice';
  group: Group;
  choices: readonly Choice<Value>[];
  default: Value;
}

export type Parameter = TextParameter | NumberParameter | ChoiceParameter;
export type ParameterKind = Parameter['kind'];

/** The type of a row's values. */
export type ValueOf<Row> = Row extends { kind: 'text' }
  ? string
  : Row extends { kind: 'number' }
    ? number
    : Row extends { kind: 'choice'; choices: readonly { value: infer Value }[] }
      ? Value
      : never;

/** What is known about a model before or after it is loaded. */
export interface ModelLimits {
  /** Pixels per latent. */
  vaeScaleFactor?: number;
}

/** What values must be a multiple of; undefined if they may be any number. diffusers requires multiples of 8 for every model. */
export function multipleOf(parameter: NumberParameter, { vaeScaleFactor = 8 }: ModelLimits = {}): number | undefined {
  return parameter.multipleOf === 'vaeScaleFactor' ? vaeScaleFactor : parameter.multipleOf;
}

/** The allowed values for people, as part of a sentence. */
export function takes(parameter: Parameter): string {
  switch (parameter.kind) {
    case 'text':
      return 'text';
    case 'number': {
      const range = `${parameter.min} to ${parameter.max}`;
      if (parameter.multipleOf === undefined) return range;
      return parameter.multipleOf === 1 ? `whole numbers, ${range}` : `multiples of the model’s scale factor, ${range}`;
    }
    case 'choice':
      return `one of ${parameter.choices.map(({ label }) => label).join(', ')}`;
    default:
      return parameter satisfies never;
  }
}

/** What is wrong with a value, as the end of a sentence that begins with the parameter's name; undefined if nothing is. */
export function problemWith(parameter: Parameter, value: unknown, model?: ModelLimits): string | undefined {
  if (value === undefined || value === null) return 'is empty';
  switch (parameter.kind) {
    case 'text':
      return typeof value === 'string' ? undefined : 'must be text';
    case 'number':
      return numberProblem(parameter, value, model);
    case 'choice': {
      const values = parameter.choices.map((choice) => choice.value);
      return values.some((one) => one === value) ? undefined : `must be one of ${values.join(', ')}`;
    }
    default:
      return parameter satisfies never;
  }
}

function numberProblem(parameter: NumberParameter, value: unknown, model?: ModelLimits): string | undefined {
  const { min, max } = parameter;
  if (typeof value !== 'number' || Number.isNaN(value)) return 'must be a number';
  if (value < min || value > max) return `must be between ${min} and ${max}`;
  const divisor = multipleOf(parameter, model);
  if (divisor === undefined || value % divisor === 0) return undefined;
  return divisor === 1 ? 'must be a whole number' : `must be a multiple of ${divisor}`;
}
