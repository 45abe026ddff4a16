/** The machine's memory in bytes as the browser tells it, rounded and capped; undefined where it does not (Firefox, Safari). */
export function machineMemory(): number | undefined {
  // in GiB; not in every browser, so not in TypeScript's types
  const gibibytes: unknown = Reflect.get(navigator, 'deviceMemory');
  return typeof gibibytes === 'number' ? gibibytes * 2 ** 30 : undefined;
}
