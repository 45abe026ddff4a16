import { insecureReason } from '../../state/reasons';

/** What buttons that cannot work here point to; undefined in a secure context, where they can. */
export const insecureNoteId = isSecureContext ? undefined : 'insecure-note';

export function InsecureNote() {
  return (
    insecureNoteId && (
      <p className="hint problem" id={insecureNoteId}>
        {insecureReason} Models cannot be stored here.
      </p>
    )
  );
}
