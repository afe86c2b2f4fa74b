/** Where a capture can be made to die (see @weir/crash-point), in the order in which it passes them. */
export const CRASH_POINTS = ['capture.before-checkpoint', 'capture.after-checkpoint'] as const;
export type CaptureCrashPoint = (typeof CRASH_POINTS)[number];
