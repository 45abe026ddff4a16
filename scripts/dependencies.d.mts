interface LockedPackage {
  integrity?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
  inBundle?: boolean;
  optionalDependencies?: Record<string, string>;
}

export function lockProblems(lock: { packages: Record<string, LockedPackage> }): string[];
