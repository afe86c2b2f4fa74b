import { type Failure, WeirError } from '@weir/protocol';
import { errors } from './errors.ts';

const MAX_LISTED = 20;
/** A line of log that is longer than a runtime reads would be no error at all. */
const MAX_TOLD = 500;

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
    failures: partsOf(failures),
  });
}

function partsOf(failures: readonly unknown[]): readonly Failure[] {
  const parts = failures.slice(0, MAX_TOLD).map(partOf);
  const left = failures.length - parts.length;
  if (left === 0) return parts;
  return [...parts, { code: '', message: `and ${left} more`, fix: 'Mend these first, and look again.' }];
}

function partOf(failure: unknown): Failure {
  if (failure instanceof WeirError) {
    const { code, message, fix } = failure;
    return { code, message, fix };
  }
  return { code: '', message: failure instanceof Error ? failure.message : String(failure), fix: '' };
}

function sentenceOf(failure: unknown): string {
  const { message, fix } = partOf(failure);
  return fix === '' ? message : `${message}\n${fix}`;
}
