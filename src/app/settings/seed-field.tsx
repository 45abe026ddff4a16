import { drawSeed, updateSettings, useSettings } from '../../state/settings';
import { DiceIcon } from '../icons';
import { NumberField } from './number-field';

export function SeedField({ hint }: { hint: string }) {
  const newSeed = useSettings((state) => state.newSeed);
  return (
    <div className="seed">
      <NumberField name="seed" hint={hint}>
        <button
          type="button"
          className="icon-button"
          aria-label="Roll another seed"
          title="Roll another seed"
          onClick={() => updateSettings({ seed: drawSeed(), newSeed: false })}
        >
          <DiceIcon />
        </button>
      </NumberField>
      <label className="check">
        <input
          type="checkbox"
          checked={newSeed}
          onChange={(event) => updateSettings({ newSeed: event.target.checked })}
        />
        New seed for every video
      </label>
    </div>
  );
}
