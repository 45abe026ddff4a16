/** How fast bytes arrive, and how long the rest will take. */

/** Bytes received by a moment in milliseconds, oldest first. */
export type SpeedSamples = readonly { at: number; bytes: number }[];

/** Milliseconds that the mean covers. */
const window = 10_000;

export function withSample(samples: SpeedSamples, at: number, bytes: number): SpeedSamples {
  const recent = samples.filter((sample) => sample.at >= at - window);
  // bytes found in storage were not downloaded
  const last = recent.at(-1);
  if (last && bytes < last.bytes) return [{ at, bytes }];
  return [...recent, { at, bytes }];
}

/** Bytes per second; undefined while there is too little data. */
export function speedOf(samples: SpeedSamples): number | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || last.at - first.at < 1000) return undefined;
  return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
}
