// Where a test may kill a batch capture: between two effects that have to amount to the same after a restart.

export const crashPoints = [
  'sqlbatch.mid-poll',
  'sqlbatch.mid-group',
  'sqlbatch.before-checkpoint',
  'sqlbatch.after-checkpoint',
  'sqlbatch.after-poll',
] as const;

export type SqlBatchCrashPoint = (typeof crashPoints)[number];
