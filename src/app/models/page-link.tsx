import type { Terms } from '../../catalogue/models';
import { foreignHost } from '../../state/model-address';

/** Where a model is described. On another server than the Hugging Face hub that server is named: a link can lead anywhere. */
export function PageLink({ terms, className }: { terms: Terms; className?: string }) {
  const host = foreignHost(terms.page);
  return (
    <a className={className} href={terms.page} target="_blank" rel="noopener noreferrer">
      Model page{host && ` on ${host}`}
    </a>
  );
}
