export const rooms: Record<string, { about: string; may: string[] }>;
export function importProblems(
  allowed: Record<string, { about: string; may: string[] }>,
  files: ReadonlyMap<string, string>,
): string[];
