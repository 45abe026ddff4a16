/** How fast bytes arrive, and how long the rest will take. */

/** Bytes that were there at some moment, in milliseconds; oldest first. */
export type SpeedSamples = readonly { at: number; bytes: number }[];

/** Milliseconds that the mean is taken over. */
const window = 10_000;

export function withSample(samples: SpeedSamples, at: number, bytes: number): SpeedSamples {
  const recent = samples.filter((sample) => sample.at >= at - window);
  // what is found in storage did not come over the line
  const last = recent.at(-1);
  if (last && bytes < last.bytes) return [{ at, bytes }];
  return [...recent, { at, bytes }];
}

/** Bytes per second; undefined as long as there is too little to tell. */
export function speedOf(samples: SpeedSamples): number | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || last.at - first.at < 1000) return undefined;
  return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
}
