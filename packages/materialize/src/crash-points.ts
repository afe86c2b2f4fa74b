import { crashPoint } from '@weir/crash-point';

/** Where a materialization can be made to die (see @weir/crash-point), in the order in which it passes them. */
export const CRASH_POINTS = [
  'materialize.before-apply',
  'materialize.after-apply',
  'materialize.before-acknowledge',
  'materialize.after-acknowledge',
  'materialize.before-load',
  'materialize.after-load',
  'materialize.after-flushed',
  'materialize.before-store',
  'materialize.after-store',
  'materialize.before-commit',
  'materialize.after-commit',
  'materialize.after-started-commit',
] as const;
export type MaterializeCrashPoint = (typeof CRASH_POINTS)[number];

export function passCrashPoint(name: MaterializeCrashPoint): void {
  crashPoint(name);
}
