import { useEffect, useState } from 'react';
import type { DownloadProgress } from '../../protocol';
import { speedOf } from '../../state/transfer-speed';
import { pause, type Transfer, transferredBytes } from '../../state/transfers';
import { diskText, durationText } from './amounts';

const labels: Record<Transfer['kind'], (url: string) => string> = {
  download: () => 'Download progress',
  copy: (name) => `Copying ${name}`,
  check: () => 'Check progress',
};

/** Progress of a download, a copy or a check, in total and by file. */
export function TransferStatus({ transfer }: { transfer: Transfer }) {
  const { progress, samples, pausing, kind } = transfer;
  const total = transferredBytes(transfer);
  const shown = total ?? progress;
  const percent = shown && shown.totalBytes > 0 ? Math.round((100 * shown.bytes) / shown.totalBytes) : 0;
  const speed = speedOf(samples);
  const left = total && speed ? (total.totalBytes - total.bytes) / speed : undefined;
  return (
    <div className="transfer">
      <div
        className="progress-bar"
        role="progressbar"
        aria-label={labels[kind](transfer.url)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <div className="progress-fill" style={{ inlineSize: `${percent}%` }} />
      </div>
      <p className="transfer-words">
        <span>
          {shown ? `${diskText(shown.bytes)} of ${diskText(shown.totalBytes)}` : 'Preparing…'}
          {speed !== undefined && `, ${diskText(speed)}/s`}
          {left !== undefined && `, ${durationText(left)} left`}
        </span>
        <button type="button" className="secondary" aria-disabled={pausing} onClick={pause}>
          {kind === 'download' ? 'Pause' : 'Stop'}
        </button>
      </p>
      {progress && (
        <p className="hint">
          {progress.network.label}: {diskText(progress.bytes)} of {diskText(progress.totalBytes)}
        </p>
      )}
      <p className="hint" role="status">
        {pausing ? 'Stopping…' : progress && <StateWords {...progress} />}
      </p>
    </div>
  );
}

function StateWords({ state, retryAt }: DownloadProgress) {
  switch (state) {
    case 'fetching':
      return null;
    case 'waiting':
      return (
        <>
          The server is not answering, or asks to wait. Next try <Countdown until={retryAt ?? 0} />.
        </>
      );
    case 'watching':
      return 'Another Kinora tab is downloading it; this one takes over if that one stops.';
    case 'restarted':
      return 'The file on the server was replaced by another version, so its download starts over.';
  }
}

function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((until - now) / 1000);
  return seconds > 0 ? `in ${seconds} s` : 'now';
}
