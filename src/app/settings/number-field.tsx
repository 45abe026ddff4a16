import { type ReactNode, useId } from 'react';
import { type NameOfKind, parameters } from '../../engine/parameters';
import { multipleOf } from '../../engine/parameters/kinds';
import { useModels } from '../../state/models';
import { fieldProblem } from '../../state/reasons';
import { updateSettings, useSettings } from '../../state/settings';

interface NumberFieldProps {
  name: NameOfKind<'number'>;
  hint: string;
  /** Placed next to the input. */
  children?: ReactNode;
}

export function NumberField({ name, hint, children }: NumberFieldProps) {
  const id = useId();
  const value = useSettings((state) => state[name]);
  const model = useModels(({ chosen }) => chosen);
  const parameter = parameters[name];
  const step = parameter.step ?? multipleOf(parameter, model) ?? 1;
  const problem = fieldProblem(name, value, model);
  return (
    <div className="field">
      <label htmlFor={id}>{parameter.label}</label>
      <div className="input-line">
        <input
          id={id}
          type="number"
          inputMode="decimal"
          // the arrows of the input count from here
          min={Math.ceil(parameter.min / step) * step}
          max={parameter.max}
          step={step}
          value={value ?? ''}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-note`}
          onChange={({ target }) =>
            updateSettings({ [name]: Number.isNaN(target.valueAsNumber) ? null : target.valueAsNumber })
          }
        />
        {children}
      </div>
      <p className={problem ? 'hint problem' : 'hint'} id={`${id}-note`}>
        {problem ?? hint}
      </p>
    </div>
  );
}
