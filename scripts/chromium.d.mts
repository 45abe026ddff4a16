export const webgpuArgs: string[];
export function findChromium(): string | undefined;
export function chromiumPath(): string;
