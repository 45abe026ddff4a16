import { assessDevice, type DeviceReport, type VideoSize } from './device-needs';
import { readConfigs } from './load-checkpoint';
import { deviceFacts } from './runtime/device-facts';
import type { CheckpointSource } from './source';

/**
 * What this device lacks for a video of this size, before a byte of the weights is fetched. Throws what the source throws, and
 * `unsupported-config` or `invalid-checkpoint`.
 */
export async function assessCheckpoint(
  source: CheckpointSource,
  size: VideoSize,
  signal?: AbortSignal,
): Promise<DeviceReport> {
  const [configs, facts] = await Promise.all([readConfigs(source, signal), deviceFacts()]);
  return assessDevice(configs, size, facts);
}
