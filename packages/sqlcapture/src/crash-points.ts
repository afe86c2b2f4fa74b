// Where a test may kill the engine: between two effects that have to amount to the same after a restart.

export const crashPoints = [
  'sqlcapture.before-checkpoint',
  'sqlcapture.after-checkpoint',
  'sqlcapture.mid-chunk',
  'sqlcapture.after-chunk',
  'sqlcapture.mid-transaction',
  'sqlcapture.before-acknowledge',
] as const;

export type SqlCaptureCrashPoint = (typeof crashPoints)[number];
