import { insecureReason } from '../../state/reasons';

/** Id of the note that disabled buttons point to; undefined in a secure context, where they work. */
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
