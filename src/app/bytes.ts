const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes of memory with three digits, for example "4.06 GiB". */
export function bytesText(bytes: number): string {
  const power = Math.min(bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const amount = bytes / 2 ** (10 * power);
  return `${amount < 100 ? Number(amount.toPrecision(3)) : Math.round(amount)} ${units[power]}`;
}
