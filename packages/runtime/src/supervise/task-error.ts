import { WeirError } from '@weir/protocol';
import type { TaskError } from './task-thread.ts';

export function toTaskError(error: unknown): TaskError {
  if (error instanceof WeirError) {
    const { code, message, fix, retry } = error;
    return { code, message, fix, retry, stack: error.stack ?? '' };
  }
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return { code: '', message, fix: '', retry: 'backoff', stack };
}
