// Logs of connectors and of the runtime on stderr: for people, or as JSON lines.

import { styleText } from 'node:util';
import { logLevels } from '@weir/runtime';
import type { LogLevel, OpsLog } from '@weir/runtime';

export interface LogPrinterOptions {
  readonly json: boolean;
  /** Logs below this level are dropped. */
  readonly level: LogLevel;
  readonly color: boolean;
  readonly write: (line: string) => void;
}

const colors = { trace: 'gray', debug: 'gray', info: 'cyan', warn: 'yellow', error: 'red' } as const;

function formatField(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
}

export function formatLog(task: string, log: OpsLog, color: boolean): string {
  const { eventType: _event, ...shown } = log.fields;
  const fields = Object.entries(shown).map(([name, value]) => `${name}=${formatField(value)}`);
  const paint = (style: (typeof colors)[LogLevel] | 'dim', text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const time = log.ts.slice(11, 19);
  const level = paint(colors[log.level], log.level.padEnd(5));
  return [
    paint('dim', time),
    level,
    `${task}: ${log.message}`,
    ...fields.map((field) => paint('dim', field)),
  ].join(' ');
}

/** Prints what is at or above the level. A failed connector's last log is left to the error that it becomes. */
export function logPrinter(options: LogPrinterOptions): (task: string, log: OpsLog) => void {
  const limit = logLevels.indexOf(options.level);
  return (task, log) => {
    if (logLevels.indexOf(log.level) < limit) return;
    if (log.level === 'error' && log.fields['code'] !== undefined) return;
    options.write(
      options.json
        ? `${JSON.stringify({ ...log, fields: { task, ...log.fields } })}\n`
        : `${formatLog(task, log, options.color)}\n`,
    );
  };
}
