/** Where a test can kill this connector: between the effects of one transaction. */
export const CRASH_POINTS = [
  'materialize-mysql.applying',
  'materialize-mysql.fence-installed',
  'materialize-mysql.keys-staged',
  'materialize-mysql.begun',
  'materialize-mysql.loaded-rows',
  'materialize-mysql.upserted',
  'materialize-mysql.before-fence',
  'materialize-mysql.before-commit',
  'materialize-mysql.committing',
  'materialize-mysql.after-commit',
] as const;

export type MysqlCrashPoint = (typeof CRASH_POINTS)[number];
