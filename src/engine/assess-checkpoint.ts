import { deviceFacts } from '../platform/device-facts';
import { assessDevice, type DeviceReport, targetFor } from './device-needs';
import { type CheckOptions, readConfigs } from './load-checkpoint';
import type { VideoSize } from './pipelines/definition';
import type { CheckpointSource } from './source';
import type { Device, Dtype } from './types';

/**
 * What this device lacks for a video of this size, determined before any weights are fetched.
 * @throws KinoraError `unsupported-config` or `invalid-checkpoint`; what the source throws
 */
export async function assessCheckpoint(
  source: CheckpointSource,
  { device, dtype, ...size }: VideoSize & { device: Device | 'auto'; dtype: Dtype | 'auto' },
  options: CheckOptions = {},
): Promise<DeviceReport> {
  const [{ pipeline }, facts] = await Promise.all([readConfigs(source, options), deviceFacts()]);
  return assessDevice(pipeline, size, facts, targetFor(facts, device, dtype));
}
