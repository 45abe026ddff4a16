import { type FieldName, fieldsOf, parameters } from '../../engine/parameters';
import { matters } from '../../engine/parameters/values';
import { useJob } from '../../state/job';
import { markSaved, type Result, resultUrl, useResults } from '../../state/results';
import { updateSettings } from '../../state/settings';
import { backendText } from '../device/device-note';
import { DownloadIcon, ReuseIcon } from '../icons';
import './results.css';

/** The settings of the selected video, and what can be done with it. */
export function ResultDetails() {
  const result = useResults(({ results, selectedId }) => results.find(({ id }) => id === selectedId));
  // while another video is being made, the stage shows that one
  const running = useJob(({ job }) => job.phase === 'running');
  if (!result || running) return null;
  const { request, truncatedTokens } = result;
  return (
    <section className="result" aria-label="About this video">
      <p className="result-prompt">{request.prompt}</p>
      {truncatedTokens > 0 && (
        <p className="hint problem">The prompt was too long: its last {truncatedTokens} tokens were ignored.</p>
      )}
      <div className="result-actions">
        <a
          className="secondary"
          href={resultUrl(result.id)}
          download={result.fileName}
          onClick={() => markSaved(result.id)}
        >
          <DownloadIcon />
          Download .mp4
        </a>
        <button
          type="button"
          className="secondary"
          onClick={() => updateSettings({ seed: request.seed, newSeed: false })}
        >
          <ReuseIcon />
          Reuse seed
        </button>
        <button type="button" className="secondary" onClick={() => updateSettings({ ...request, newSeed: false })}>
          <ReuseIcon />
          Reuse all settings
        </button>
      </div>
      <dl className="facts">
        {facts(result).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function facts({ request, backend, codec, bytes, milliseconds }: Result): [string, string][] {
  const { negativePrompt, numFrames, fps, width, height } = request;
  const chosen = [...fieldsOf('main'), ...fieldsOf('sampling')].filter((name) => matters(name, request));
  return [
    ...chosen.map((name): [string, string] => [parameters[name].label, valueText(name, request[name])]),
    ['Video', `${numFrames} frames, ${width}×${height}, ${fps} per second`],
    ['File', `${codecName(codec)}, ${(bytes / 1000).toFixed(0)} kB`],
    ['Took', `${(milliseconds / 1000).toFixed(1)} s on ${backendText(backend)}`],
    ...(negativePrompt === '' ? [] : ([['Negative prompt', negativePrompt]] satisfies [string, string][])),
  ];
}

function valueText(name: FieldName, value: number | string): string {
  const parameter = parameters[name];
  const choice = parameter.kind === 'choice' && parameter.choices.find((one) => one.value === value);
  return choice ? choice.label : String(value);
}

function codecName(codec: string): string {
  if (codec.startsWith('avc')) return 'H.264';
  if (codec.startsWith('vp09')) return 'VP9';
  if (codec.startsWith('av01')) return 'AV1';
  return codec;
}
