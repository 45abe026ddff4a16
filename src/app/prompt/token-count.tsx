import { useEffect } from 'react';
import { countTokens } from '../../state/generation';
import { useJob } from '../../state/job';
import { tokensOf, useTokenCount } from '../../state/tokens';

/** Milliseconds without typing before the prompt's tokens are counted. */
const pause = 250;

/** "12 of 77 tokens", as soon as there is a model to count with. */
export function TokenCount({ text }: { text: string }) {
  const maxTokens = useJob(({ model }) => model?.info.maxTokens);
  const idle = useJob(({ job }) => job.phase !== 'running');
  const tokens = useTokenCount((state) => tokensOf(state, text));
  useEffect(() => {
    if (maxTokens === undefined || !idle || tokens !== undefined) return;
    const timer = setTimeout(() => void countTokens(text), pause);
    return () => clearTimeout(timer);
  }, [text, maxTokens, idle, tokens]);
  if (maxTokens === undefined || tokens === undefined) return null;
  const tooLong = tokens > maxTokens;
  return (
    <span className={tooLong ? 'problem' : undefined}>
      {' '}
      · {tokens} of {maxTokens} tokens{tooLong && ', the end is ignored'}
    </span>
  );
}
