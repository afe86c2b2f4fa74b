import { type Failure, WeirError, type RetryPolicy } from '@weir/protocol';
import { errors } from './errors.ts';

export interface FailureDescription {
  /** What the user reads: the last line of the log. */
  readonly message: string;
  readonly code: string;
  /** What to do, as the end of the message says too; empty when there is nothing to say. */
  readonly fix: string;
  /** Whether the runtime should start the task again by itself. */
  readonly retry: RetryPolicy;
  /** Those that the message lists; empty when it tells of one. */
  readonly failures: readonly Failure[];
  /** Of failures that nobody foresaw; for the log at debug level. */
  readonly stack: string | undefined;
}

/** How a failure is told. Errors of the catalogues explain themselves; any other becomes one sentence and a stack. */
export function describeFailure(connector: string, failure: unknown): FailureDescription {
  if (failure instanceof WeirError) {
    return {
      message: failure.explain(),
      code: failure.code,
      fix: failure.fix,
      retry: failure.retry,
      failures: failure.failures,
      stack: causeStack(failure),
    };
  }
  const error = failure instanceof Error ? failure : new Error(String(failure));
  const unforeseen = errors.CONNECTOR_DEFECT({
    message: `${connector} failed: ${error.message === '' ? error.name : error.message}`,
    cause: error,
  });
  return {
    message: unforeseen.explain(),
    code: unforeseen.code,
    fix: unforeseen.fix,
    retry: unforeseen.retry,
    failures: [],
    stack: error.stack,
  };
}

function causeStack(error: Error): string | undefined {
  return error.cause instanceof Error ? error.cause.stack : undefined;
}
