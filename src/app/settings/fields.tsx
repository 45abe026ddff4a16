import { type FieldName, fieldsOf, type NameOfKind, parameters } from '../../engine/parameters';
import type { Group } from '../../engine/parameters/kinds';
import { matters } from '../../engine/parameters/values';
import { useSettings } from '../../state/settings';
import { ChoiceField } from './choice-field';
import { NumberField } from './number-field';
import { SeedField } from './seed-field';

/** The fields of a group, without those that the chosen scheduler does not read. */
export function Fields({ group }: { group: Group }) {
  const settings = useSettings();
  const names = fieldsOf(group).filter((name) => matters(name, settings));
  const { numFrames, fps } = settings;
  const duration = numFrames && fps ? `${(numFrames / fps).toFixed(1)} seconds of video.` : undefined;
  return (
    <div className="fields">
      {names.map((name) => (
        <Field key={name} name={name} hint={(name === 'fps' && duration) || parameters[name].help} />
      ))}
    </div>
  );
}

function Field({ name, hint }: { name: FieldName; hint: string }) {
  if (name === 'seed') return <SeedField hint={hint} />;
  return isChoice(name) ? <ChoiceField name={name} /> : <NumberField name={name} hint={hint} />;
}

function isChoice(name: FieldName): name is NameOfKind<'choice'> {
  return parameters[name].kind === 'choice';
}
