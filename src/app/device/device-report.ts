/** The device panel as plain text, to be sent to someone. */
import { withoutQuery } from '../../shared/address';
import { version } from '../../shared/version';
import { errorTexts } from '../errors/error-texts';
import { deviceRows, type KnownOfDevice, type Verdict } from './device-rows';
import { byWeight, lackText, remediesOf } from './lack-texts';

export const verdictWords: Record<Verdict, string> = {
  good: 'Good',
  limited: 'Limited',
  problem: 'Problem',
  none: 'Note',
};

export function deviceReport(known: KnownOfDevice, modelName: string): string {
  const { assessment, browser } = known;
  const lines = [
    `Kinora ${version}, device report`,
    `Browser: ${browser?.userAgent ?? 'unknown'}`,
    `Model: ${modelName}`,
  ];
  if (assessment) {
    const { source, device, dtype, numFrames, width, height } = assessment.request;
    lines.push(
      `Source: ${source.kind === 'remote' ? withoutQuery(source.url) : 'a folder on this machine'}`,
      `Video: ${numFrames} frames of ${width}×${height}`,
      `Requested: device ${device}, dtype ${dtype}`,
    );
  }
  if (assessment?.state === 'counting') lines.push('', 'What the model needs was still being worked out.');
  if (assessment?.state === 'failed') {
    const { title } = errorTexts[assessment.code];
    lines.push('', `What the model needs is not known: ${title} (${assessment.code}: ${assessment.message})`);
  }
  if (assessment?.state === 'counted') {
    const { shortfalls, alternatives } = assessment.report;
    lines.push('', 'What this device lacks');
    if (shortfalls.length === 0) lines.push('Nothing.');
    for (const shortfall of byWeight(shortfalls)) {
      const { title, meaning, remedy } = lackText(shortfall);
      lines.push(`[${shortfall.stops ? 'Not possible here' : 'Limited'}] ${title}: ${meaning} ${remedy}`);
    }
    const remedies = remediesOf(alternatives);
    if (remedies.length > 0) lines.push('', 'What would work', ...remedies.map(({ sentence }) => sentence));
  }
  for (const { title, rows } of deviceRows(known)) {
    lines.push('', title);
    for (const { name, value, follows, verdict } of rows) {
      lines.push(`[${verdictWords[verdict]}] ${name}: ${value}. ${follows}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
