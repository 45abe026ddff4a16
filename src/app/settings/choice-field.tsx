import { useId } from 'react';
import { type NameOfKind, parameters } from '../../engine/parameters';
import { updateSettings, useSettings } from '../../state/settings';

export function ChoiceField({ name }: { name: NameOfKind<'choice'> }) {
  const id = useId();
  const value = useSettings((state) => state[name]);
  const { label, help, choices } = parameters[name];
  const chosen = choices.find((choice) => choice.value === value);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        aria-describedby={`${id}-note`}
        value={value}
        onChange={({ target }) => {
          const choice = choices.find((one) => one.value === target.value);
          if (choice) updateSettings({ [name]: choice.value });
        }}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
      <p className="hint" id={`${id}-note`}>
        {chosen?.help ?? help}
      </p>
    </div>
  );
}
