// One log line in each of the three formats a connector can be asked for (LOG_FORMAT). `json` is what the runtime
// reads; `text` and `color` are for people.

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'json' | 'text' | 'color';
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogRecord {
  readonly at: Date;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** The level that LOG_LEVEL names, in any case and with its aliases; `info` when it names none. */
export function parseLogLevel(text: string | undefined): LogLevel {
  const name = text?.toLowerCase();
  if (name === 'warning') return 'warn';
  if (name === 'fatal' || name === 'panic') return 'error';
  return LOG_LEVELS.find((level) => level === name) ?? 'info';
}

/** The format that LOG_FORMAT names; without one, text on a terminal, in colours unless NO_COLOR is set, and JSON elsewhere. */
export function parseLogFormat(text: string | undefined, isTerminal: boolean, noColor?: string): LogFormat {
  if (text === 'json' || text === 'text' || text === 'color') return text;
  if (!isTerminal) return 'json';
  return noColor === undefined || noColor === '' ? 'color' : 'text';
}

export function isEnabled(level: LogLevel, threshold: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold);
}

/** The line of a record, without its newline. A JSON line never holds a raw newline, whatever the fields are. */
export function formatLog(record: LogRecord, format: LogFormat): string {
  if (format === 'json') return formatJson(record);
  return format === 'text'
    ? formatText(record, '', '')
    : formatText(record, COLORS[record.level], '\u001B[0m');
}

const COLORS: Readonly<Record<LogLevel, string>> = {
  trace: '\u001B[90m',
  debug: '\u001B[90m',
  info: '\u001B[36m',
  warn: '\u001B[33m',
  error: '\u001B[31m',
};

function formatJson({ at, level, message, fields }: LogRecord): string {
  const line = { ts: at.toISOString(), level, message, ...(hasFields(fields) ? { fields } : {}) };
  return stringify(line) ?? stringify({ ...line, fields: { unprintable: Object.keys(fields) } }) ?? message;
}

function formatText({ at, level, message, fields }: LogRecord, start: string, end: string): string {
  const details = hasFields(fields) ? ` ${stringify(fields) ?? '(unprintable fields)'}` : '';
  return `${at.toISOString()} ${start}${level.toUpperCase().padEnd(5)}${end} ${message}${details}`;
}

function hasFields(fields: LogFields): boolean {
  return Object.keys(fields).length > 0;
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_key, inner: unknown) => {
      if (typeof inner === 'bigint') return inner.toString();
      if (inner instanceof Error) return inner.message;
      return inner;
    });
  } catch {
    return undefined;
  }
}
