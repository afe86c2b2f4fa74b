// What a person or a log collector is told of an event of the supervisor. Commits and states have no line of their own:
// they show as figures.

import type { LogLevel, SupervisorEvent, TaskError } from '@weir/runtime';
import { formatAge } from './format.ts';

export interface EventLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Undefined for events that only move figures. */
export function eventLine(event: SupervisorEvent): EventLine | undefined {
  const line = (level: LogLevel, message: string, fields: Record<string, unknown> = {}): EventLine => ({
    level,
    message,
    fields: { task: event.task, event: event.kind, ...fields },
  });
  switch (event.kind) {
    case 'starting':
      return line('debug', 'starting');
    case 'applied':
      return line('info', `applied: ${event.actionDescription}`);
    case 'opened':
      return line('info', 'running');
    case 'schemaChanged':
      return line('info', 'the inferred schema of a collection has grown; going on with it');
    case 'failed': {
      const { error, retryInMs } = event;
      const { code, fix } = error;
      const details = { ...(code === '' ? {} : { code }), ...(fix === '' ? {} : { fix }) };
      if (retryInMs === undefined) return line('error', errorText(error), details);
      const again = `trying again in ${formatAge(retryInMs)}`;
      return line('warn', `${errorText(error)} (${again})`, { ...details, retryInMs });
    }
    case 'stopped':
      return line('info', 'stopped');
    case 'log': {
      const { level, message, fields } = event.log;
      return { level, message, fields: { task: event.task, ...fields } };
    }
    case 'receiving':
    case 'commit':
    case 'state':
    case 'caughtUp':
      return undefined;
  }
}

function errorText({ code, message }: TaskError): string {
  return code === '' ? message : `${code}: ${message}`;
}

/** `task: CODE: what happened`, and what to do on a line of its own. */
export function failureLines(task: string, error: TaskError): string {
  const fix = error.fix === '' ? '' : `\n${error.fix}`;
  return `${task}: ${errorText(error)}${fix}\n`;
}
