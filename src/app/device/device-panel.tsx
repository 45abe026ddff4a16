import { useEffect } from 'react';
import { assessSettings, chosenModelName, useAssessment, workOf } from '../../state/assessment';
import { askBrowser, askForEncoders, useDevice } from '../../state/device';
import { useSettings } from '../../state/settings';
import { CheckIcon, CrossIcon, InfoIcon, WarningIcon } from '../icons';
import { PanelDialog } from '../panel-dialog';
import { CopyReport } from './copy-report';
import { verdictWords } from './device-report';
import { deviceRows, type KnownOfDevice, type RowGroup, type Verdict } from './device-rows';
import { LackList } from './lack-list';

/** Everything about the device, in a dialog that is open while this component is mounted. */
export function DevicePanel() {
  const { adapter, browser, encoders } = useDevice();
  const assessment = useAssessment(({ last }) => last);
  const settings = useSettings();
  const { numFrames, width, height, fps } = settings;
  const known: KnownOfDevice = { adapter, browser, encoders, assessment, flops: workOf(assessment, settings) };
  useEffect(() => {
    void askBrowser();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: read from the store, and requested again when they change
  useEffect(() => {
    void assessSettings();
    void askForEncoders();
  }, [numFrames, width, height, fps]);
  return (
    <PanelDialog title="This device" onClose={() => useDevice.setState({ panel: 'closed' })}>
      <div className="device-panel">
        <LackList assessment={assessment} modelName={chosenModelName()} />
        {deviceRows(known).map((group) => (
          <Group key={group.title} {...group} />
        ))}
        <CopyReport known={known} modelName={chosenModelName()} />
      </div>
    </PanelDialog>
  );
}

const verdictIcons: Record<Verdict, () => React.ReactNode> = {
  good: CheckIcon,
  limited: WarningIcon,
  problem: CrossIcon,
  none: InfoIcon,
};

function Group({ title, rows }: RowGroup) {
  return (
    <section className="device-group">
      <h3>{title}</h3>
      <dl>
        {rows.map(({ name, value, follows, verdict }) => {
          const VerdictIcon = verdictIcons[verdict];
          return (
            <div key={name} className="device-row">
              <dt>{name}</dt>
              <dd className="device-value">{value}</dd>
              <dd className="verdict" data-verdict={verdict}>
                <VerdictIcon />
                {verdictWords[verdict]}
              </dd>
              <dd className="hint device-follows">{follows}</dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
