/** What this device lacks for the video that the form describes, determined by the engine in a worker. */
import { create } from 'zustand';
import { type Model, recommendedFor } from '../catalogue/models';
import { videoFlops } from '../engine/parameters/work';
import type { AssessRequest, DeviceReport, Shortfall } from '../protocol';
import { type ErrorCode, toKinoraError } from '../shared/errors';
import { isSameSource } from '../shared/model-source';
import { generation, models } from './clients';
import type { Settings } from './form';
import { useJob } from './job';
import { chosenModel, sourceOf, useModels } from './models';
import { fieldProblem } from './reasons';
import { useSettings } from './settings';
import { switches } from './switches';

type Outcome =
  | { state: 'counting' }
  | { state: 'counted'; report: DeviceReport }
  | { state: 'failed'; code: ErrorCode; message: string };

export type Assessment = Outcome & { request: AssessRequest };

/** `last`: the latest assessment; undefined before the first, and while the form's size is invalid. */
interface AssessmentState {
  last: Assessment | undefined;
  /** Outcomes for the size that each model was made for, by the model's address. */
  models: Readonly<Record<string, Outcome>>;
}

export const useAssessment = create<AssessmentState>(() => ({ last: undefined, models: {} }));

export function chosenModelName(): string {
  return chosenModel().name;
}

/** The chosen model and size; undefined if the fields hold no valid size. */
export function chosenVideo(settings: Settings): AssessRequest | undefined {
  const { numFrames, width, height } = settings;
  if (numFrames === null || width === null || height === null) return undefined;
  const model = chosenModel();
  if ((['numFrames', 'width', 'height'] as const).some((name) => fieldProblem(name, settings[name], model)))
    return undefined;
  const { device, dtype } = switches.request;
  return { source: sourceOf(model), device, dtype, numFrames, width, height };
}

function isOf(assessment: Assessment, request: AssessRequest): boolean {
  const { source, device, dtype, numFrames, width, height } = assessment.request;
  return (
    isSameSource(source, request.source) &&
    device === request.device &&
    dtype === request.dtype &&
    numFrames === request.numFrames &&
    width === request.width &&
    height === request.height
  );
}

/** Assesses the form's values, unless that has been done. May start the worker. Never rejects. */
export async function assessSettings(): Promise<void> {
  const request = chosenVideo(useSettings.getState());
  const { last } = useAssessment.getState();
  if (request && last && last.state !== 'failed' && isOf(last, request)) return;
  useAssessment.setState({ last: request && { state: 'counting', request } });
  if (!request) return;
  const outcome = await outcomeOf(request);
  // the size in the form may have changed by now
  if (useAssessment.getState().last?.request === request) useAssessment.setState({ last: { ...outcome, request } });
}

/** Assesses the size that a model was made for. May start the worker. Never rejects. */
export async function assessModel(model: Model): Promise<void> {
  const { url } = model;
  const { numFrames, width, height } = recommendedFor(model);
  const { device, dtype } = switches.request;
  const set = (outcome: Outcome) => useAssessment.setState(({ models }) => ({ models: { ...models, [url]: outcome } }));
  set({ state: 'counting' });
  set(await outcomeOf({ source: sourceOf(model), device, dtype, numFrames, width, height }));
}

async function outcomeOf(request: AssessRequest): Promise<Outcome> {
  try {
    return { state: 'counted', report: await models.assess(request) };
  } catch (error) {
    const { code, message } = toKinoraError(error);
    return { state: 'failed', code, message };
  }
}

/** What makes the form's size impossible on this device, if it has been assessed. */
export function stoppingShortfalls({ last }: { last: Assessment | undefined }, settings: Settings): Shortfall[] {
  const request = chosenVideo(settings);
  if (!request || last?.state !== 'counted' || !isOf(last, request)) return [];
  return last.report.shortfalls.filter(({ stops }) => stops);
}

/** Floating-point operations of the form's video, where its size was assessed and its other fields can be read. */
export function workOf(assessment: Assessment | undefined, settings: Settings): number | undefined {
  const { numInferenceSteps, guidanceScale, guidanceStart, guidanceStop, numFrames } = settings;
  const chosen = { numInferenceSteps, guidanceScale, guidanceStart, guidanceStop, numFrames };
  if (assessment?.state !== 'counted' || !areNumbers(chosen)) return undefined;
  return videoFlops(assessment.report.needs.networks, chosen);
}

function areNumbers<Name extends string>(values: Record<Name, number | null>): values is Record<Name, number> {
  return Object.values(values).every((value) => value !== null);
}

/** Milliseconds without a change after which a size counts as chosen. */
const settled = 400;
let timer: ReturnType<typeof setTimeout> | undefined;

function assessSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if ((generation.started || models.started) && !generation.busy) void assessSettings();
  }, settled);
}

// once a worker is running, every size in the form is assessed
useSettings.subscribe((now, before) => {
  if (now.numFrames !== before.numFrames || now.width !== before.width || now.height !== before.height) assessSoon();
});
useJob.subscribe(({ job }, before) => {
  if (before.job.phase === 'running' && job.phase !== 'running') assessSoon();
});
useModels.subscribe(({ chosen }, before) => {
  if (chosen !== before.chosen) assessSoon();
});
