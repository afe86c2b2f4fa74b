// The error of a failed connector is its last log line (Flow protocol: errors and exit codes).

import { WeirError } from '@weir/protocol';
import type { Failure, RetryPolicy } from '@weir/protocol';
import { catalogue, errors } from '../errors.ts';
import type { OpsLog } from './ops-log.ts';

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function isRetryPolicy(value: unknown): value is RetryPolicy {
  return value === 'now' || value === 'backoff' || value === 'never';
}

/** What a failed connector says of itself; its own code, when the log carries one in `fields.code`, becomes the error's. */
export function connectorFailure(
  connector: string,
  status: ExitStatus,
  lastLog: OpsLog | undefined,
): WeirError {
  const how = status.signal === null ? `exited with status ${status.code}` : `was killed by ${status.signal}`;
  if (lastLog === undefined) {
    return errors.CONNECTOR_FAILED({ message: `${connector} ${how} with no log output.` });
  }
  if (status.signal !== null) {
    return errors.CONNECTOR_FAILED({ message: `${connector} ${how}; its last log was: ${lastLog.message}` });
  }
  const { code, retry } = lastLog.fields;
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(code)) {
    return errors.CONNECTOR_FAILED({ message: lastLog.message });
  }
  const { fix } = lastLog.fields;
  const advice = typeof fix === 'string' && lastLog.message.endsWith(`\n${fix}`) ? fix : '';
  const told = lastLog.message.startsWith(`${code}: `)
    ? lastLog.message.slice(code.length + 2)
    : lastLog.message;
  const message = advice === '' ? told : told.slice(0, -advice.length - 1);
  const definition = {
    ...catalogue.CONNECTOR_FAILED,
    retry: isRetryPolicy(retry) ? retry : 'backoff',
  } as const;
  return new WeirError(code, definition, {
    message,
    fix: advice,
    failures: failuresOf(lastLog.fields['failures']),
  });
}

/** What the log lists one by one; nothing of a list that is not all failures. */
function failuresOf(value: unknown): readonly Failure[] {
  return Array.isArray(value) && value.every(isFailure) ? value : [];
}

function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, fix } = value as Partial<Record<keyof Failure, unknown>>;
  return [code, message, fix].every((part) => typeof part === 'string');
}
