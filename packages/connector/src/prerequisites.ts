import { WeirError } from '@weir/protocol';
import { errors } from './errors.ts';

const MAX_LISTED = 20;

/** Runs every check, however many fail, and throws one error that lists all failures. */
export async function checkPrerequisites(checks: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const check of checks) {
    try {
      await check();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 0) throw prerequisiteError(failures);
}

/** One error of the whole list: a bullet for each failure, with its advice, at most twenty of them. */
export function prerequisiteError(failures: readonly unknown[]): WeirError {
  const bullets = failures
    .slice(0, MAX_LISTED)
    .map((failure) => ` - ${sentenceOf(failure).replaceAll('\n', '\n   ')}`);
  const left = failures.length - bullets.length;
  if (left > 0) bullets.push(` - and ${left} more`);
  return errors.CONNECTOR_PREREQUISITES({
    message: `The connector cannot run because:\n${bullets.join('\n')}`,
    cause: failures[0],
  });
}

function sentenceOf(failure: unknown): string {
  if (failure instanceof WeirError)
    return failure.fix === '' ? failure.message : `${failure.message}\n${failure.fix}`;
  return failure instanceof Error ? failure.message : String(failure);
}
