import type { Terms } from '../../catalogue/models';
import { foreignHost } from '../../state/model-address';

/** Link to a model's page. A server other than the Hugging Face hub is named, since a link can lead anywhere. */
export function PageLink({ terms, className }: { terms: Terms; className?: string }) {
  const host = foreignHost(terms.page);
  return (
    <a className={className} href={terms.page} target="_blank" rel="noopener noreferrer">
      Model page{host && ` on ${host}`}
    </a>
  );
}
