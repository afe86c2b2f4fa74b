export type { AcknowledgedCheckpoints, CaptureOutput, CaptureTransaction } from './capture-output.ts';
export { bindingPatch, bindingPatches, bindingState } from './capture-state.ts';
export type { StatePatch } from './capture-state.ts';
export type {
  Capture,
  CaptureBinding,
  CaptureConnectorSpec,
  CaptureSession,
  DiscoveredResource,
  RequestContext,
  ResourcePath,
  ValidatedResource,
} from './capture.ts';
export { CRASH_POINTS } from './crash-points.ts';
export type { CaptureCrashPoint } from './crash-points.ts';
export { catalogue, errors } from './errors.ts';
export type { Preview } from './preview.ts';
export { runCapture, serveCapture } from './run-capture.ts';
