/** Where a test can kill this connector: between the effects of one transaction. */
export const CRASH_POINTS = [
  'materialize-sqlite.fence-installed',
  'materialize-sqlite.begun',
  'materialize-sqlite.stored',
  'materialize-sqlite.before-commit',
  'materialize-sqlite.after-commit',
  'materialize-sqlite.applying',
] as const;

export type SqliteCrashPoint = (typeof CRASH_POINTS)[number];
