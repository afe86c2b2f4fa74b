import type { WeirError } from '@weir/protocol';
import { errors } from '../errors.ts';

/** An error that names the line and column of the template, both from 1. */
export function templateError(template: string, at: number, reason: string): WeirError {
  const before = template.slice(0, at).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return errors.SQLBATCH_TEMPLATE_INVALID({
    message: `the query template is wrong at line ${before.length}, column ${column}: ${reason}`,
  });
}
