// The places at which the crash tests kill the runtime, each between two effects.

export const crashPoints = [
  'runtime.apply.before-persist',
  'runtime.apply.after-persist',
  'runtime.capture.before-open',
  'runtime.capture.after-checkpoint',
  'runtime.capture.before-append',
  'runtime.capture.after-append',
  'runtime.capture.after-sync',
  'runtime.capture.after-commit',
  'runtime.capture.after-acknowledge',
  'runtime.materialize.before-open',
  'runtime.materialize.after-load',
  'runtime.materialize.before-flush',
  'runtime.materialize.after-flushed',
  'runtime.materialize.after-max-keys',
  'runtime.materialize.amid-store',
  'runtime.materialize.before-start-commit',
  'runtime.materialize.after-started-commit',
  'runtime.materialize.after-commit',
  'runtime.materialize.after-acknowledged',
] as const;

/** Around the one effect of a connector that renews its configuration; few do. */
export const configCrashPoints = ['runtime.config.before-keep', 'runtime.config.after-keep'] as const;

export type CrashPoint = (typeof crashPoints)[number] | (typeof configCrashPoints)[number];
