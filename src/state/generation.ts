/** Generate and Cancel. */
import { type ParameterValues, parameterNames } from '../engine/parameters';
import { completeParameters, matters } from '../engine/parameters/values';
import { withoutQueries, withoutQuery } from '../shared/address';
import { toKinoraError } from '../shared/errors';
import { generation } from './clients';
import type { Settings } from './form';
import { type FailedJob, markCancelling, reportProgress, startJob, useJob } from './job';
import { chosenModel, sourceOf, useModels } from './models';
import { preview } from './preview';
import { type ModelPlace, reasonsNotToGenerate } from './reasons';
import { addResult, videoFileName } from './results';
import { drawSeed, updateSettings, useSettings } from './settings';
import { switches } from './switches';
import { useTokenCount } from './tokens';
import { isStored, useTransfers } from './transfers';

let running: AbortController | undefined;

export const browserFacts = { secure: isSecureContext, encodes: typeof VideoEncoder !== 'undefined' };

/** What the form asks for, where it has no problem. What its scheduler does not read is left at its default. */
function toRequest(settings: Settings): ParameterValues {
  const read = parameterNames.filter((name) => matters(name, settings)).map((name) => [name, settings[name]] as const);
  const trimmed = read.map(([name, value]) => [name, typeof value === 'string' ? value.trim() : value]);
  return completeParameters(Object.fromEntries(trimmed), chosenModel());
}

/** A model without terms counts as here, since its first video downloads it. */
export function modelPlace(): ModelPlace {
  const model = chosenModel();
  if (!model.terms) return 'here';
  const transfers = useTransfers.getState();
  const stored = isStored(model, transfers);
  if (stored === undefined) return transfers.storedFailure ? 'unreadable' : 'unknown';
  return stored ? 'here' : 'missing';
}

// the loaded model is the previous one
useModels.subscribe(({ chosen }, before) => {
  if (chosen !== before.chosen) useJob.setState({ model: undefined });
});

/** Makes a video with the form's settings. Never rejects: the stores hold the outcome. */
export async function generate(): Promise<void> {
  if (generation.busy) return;
  if (useSettings.getState().newSeed) updateSettings({ seed: drawSeed() });
  const settings = useSettings.getState();
  const model = chosenModel();
  if (reasonsNotToGenerate(settings, browserFacts, modelPlace(), model).length > 0) return;
  const request = toRequest(settings);
  const controller = new AbortController();
  running = controller;
  preview.set(undefined);
  startJob(request);
  try {
    const outcome = await generation.generate({ ...switches.request, source: sourceOf(model) }, request, {
      onProgress: (progress) => reportProgress(progress, performance.now()),
      onPreview: preview.set,
      signal: controller.signal,
    });
    const { video, mp4, encodeMilliseconds, backend, info, memory } = outcome;
    addResult(
      {
        id: crypto.randomUUID(),
        request,
        backend,
        codec: mp4.codec,
        bytes: mp4.blob.size,
        milliseconds: video.timings.total + encodeMilliseconds,
        truncatedTokens: video.truncatedTokens.prompt,
        fileName: videoFileName(request),
      },
      mp4.blob,
    );
    useJob.setState({ job: { phase: 'done' }, model: { backend, info, memory } });
  } catch (error) {
    const failure = toFailure(error, request);
    useJob.setState({ job: failure.code === 'cancelled' ? { phase: 'cancelled' } : failure });
  } finally {
    running = undefined;
    preview.set(undefined);
  }
}

export function cancel(): void {
  if (!running) return;
  markCancelling();
  running.abort();
}

/** Counts the tokens of `text` if a model is loaded and idle. */
export async function countTokens(text: string): Promise<void> {
  // a failed count is not worth reporting: the next one may succeed
  const tokens = await generation.countTokens(text).catch(() => undefined);
  if (tokens !== undefined) useTokenCount.setState({ counted: { text, tokens } });
}

export function dismissError(): void {
  if (useJob.getState().job.phase === 'failed') useJob.setState({ job: { phase: 'idle' } });
}

function toFailure(thrown: unknown, request: ParameterValues): FailedJob {
  const error = toKinoraError(thrown);
  const lines = [
    `${error.code}: ${error.message}`,
    ...(typeof error.cause === 'string' ? [`Cause: ${withoutQueries(error.cause)}`] : []),
    `Model: ${withoutQuery(chosenModel().url)}`,
    `Settings: ${JSON.stringify(request)}`,
    `Browser: ${navigator.userAgent}`,
    ...(error.stack === undefined ? [] : ['', error.stack]),
  ];
  const { code, message, missingBytes } = error;
  return { phase: 'failed', request, code, message, missingBytes, details: lines.join('\n') };
}
