import { type ReactNode, useId } from 'react';
import { type NumberName, numberRules } from '../../state/form';
import { numberProblem } from '../../state/reasons';
import { updateSettings, useSettings } from '../../state/settings';

/** One number of the settings. `children` stand beside the input. */
export function NumberField({ name, hint, children }: { name: NumberName; hint?: string; children?: ReactNode }) {
  const id = useId();
  const value = useSettings((state) => state[name]);
  const { label, min, max, multipleOf } = numberRules[name];
  const problem = numberProblem(name, value);
  const note = problem ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="input-line">
        <input
          id={id}
          type="number"
          inputMode="decimal"
          min={min}
          max={max}
          step={multipleOf}
          value={value ?? ''}
          aria-invalid={problem !== undefined}
          aria-describedby={note ? `${id}-note` : undefined}
          onChange={({ target }) =>
            updateSettings({ [name]: Number.isNaN(target.valueAsNumber) ? null : target.valueAsNumber })
          }
        />
        {children}
      </div>
      {note && (
        <p className={problem ? 'hint problem' : 'hint'} id={`${id}-note`}>
          {note}
        </p>
      )}
    </div>
  );
}
