/** Where a test can kill this connector: between the effects of one transaction. */
export const CRASH_POINTS = [
  'materialize-postgres.fence-installed',
  'materialize-postgres.begun',
  'materialize-postgres.copied',
  'materialize-postgres.merged',
  'materialize-postgres.before-commit',
  'materialize-postgres.after-commit',
  'materialize-postgres.applying',
] as const;

export type PostgresCrashPoint = (typeof CRASH_POINTS)[number];
