// One line of a connector's stderr is one log. Structured lines are taken apart, raw text becomes a message; raw lines
// that arrive together (a stack trace) become one log, because the last log of a failed connector is the error that
// its user reads.

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

export const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** The shape of Flow's `ops.Log`. */
export interface OpsLog {
  /** RFC 3339. */
  readonly ts: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly shard?: unknown;
  readonly spans?: unknown;
}

const aliases = new Map<string, LogLevel>([
  ...logLevels.flatMap((level): [string, LogLevel][] => [
    [level, level],
    [level.toUpperCase(), level],
  ]),
  ['warning', 'warn'],
  ['WARNING', 'warn'],
  ['fatal', 'error'],
  ['FATAL', 'error'],
  ['panic', 'error'],
  ['PANIC', 'error'],
]);

/** Node's last words behind an error that nobody caught, often by themselves: the error is what stands before. */
const nodeBanner = /^Node\.js v\d+\.\d+\.\d+\S*$/;

const soundsLikeAnError = /error|failed|panic|timeout|unable|unrecogni[sz]ed/i;

function guessLevel(line: string): LogLevel {
  return soundsLikeAnError.test(line) ? 'error' : 'warn';
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function takeTimestamp(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d/.test(value)) return undefined;
  return Number.isNaN(Date.parse(value)) ? undefined : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function structuredLog(line: string, object: Record<string, unknown>, now: () => Date): OpsLog {
  const folded: Record<string, unknown> = {};
  let ts: string | undefined;
  let level: LogLevel | undefined;
  let message = '';
  let fields: Record<string, unknown> = {};
  let shard: unknown;
  let spans: unknown;
  for (const [key, value] of Object.entries(object)) {
    const isTime = key === 'ts' || key === 'timestamp' || key === 'time';
    const parsedTime = isTime ? takeTimestamp(value) : undefined;
    const parsedLevel =
      (key === 'level' || key === 'lvl') && typeof value === 'string' ? aliases.get(value) : undefined;
    if (parsedTime !== undefined && ts === undefined) ts = parsedTime;
    else if (parsedLevel !== undefined && level === undefined) level = parsedLevel;
    else if ((key === 'message' || key === 'msg') && typeof value === 'string' && message === '')
      message = value;
    else if (key === 'fields' && isRecord(value)) fields = { ...value };
    else if (key === 'shard' && isRecord(value)) shard = value;
    else if (key === 'spans' && Array.isArray(value)) spans = value;
    else folded[key] = value;
  }
  const all: Record<string, unknown> = { ...fields, ...folded };
  for (const key of ['message', 'msg']) {
    const promoted = all[key];
    if (message !== '' || typeof promoted !== 'string') continue;
    message = promoted;
    delete all[key];
  }
  return {
    ts: ts ?? now().toISOString(),
    level: level ?? guessLevel(line),
    message,
    fields: all,
    ...(shard === undefined ? {} : { shard }),
    ...(spans === undefined ? {} : { spans }),
  };
}

/** Of a log that holds a whole configuration: cut off, it is no JSON, and its secrets are not known to be any. */
const UPDATE_MARK = '"configUpdate"';
const CUT_UPDATE = 'error: the announcement of a new configuration was cut off, and is lost';

/** Turns chunks of stderr into logs. A line is at most 1 MiB; what is longer is cut there. */
export class LogDecoder {
  readonly #now: () => Date;
  #rest = '';
  /** What comes before the next line break belongs to an announcement that was cut. */
  #isInCutUpdate = false;
  readonly #utf8 = new TextDecoder();
  static readonly maxLineLength = 1 << 20;

  constructor(now: () => Date) {
    this.#now = now;
  }

  push(chunk: Uint8Array): OpsLog[] {
    let text = this.#rest + this.#utf8.decode(chunk, { stream: true });
    if (this.#isInCutUpdate) {
      const lineEnd = text.indexOf('\n');
      if (lineEnd === -1) return [];
      this.#isInCutUpdate = false;
      text = text.slice(lineEnd + 1);
    }
    const end = text.lastIndexOf('\n');
    if (end === -1 && text.length < LogDecoder.maxLineLength) {
      this.#rest = text;
      return [];
    }
    this.#isInCutUpdate = end === -1 && text.includes(UPDATE_MARK);
    this.#rest = end === -1 ? '' : text.slice(end + 1);
    return this.#decode(end === -1 ? text : text.slice(0, end));
  }

  /** What stands after the last line break, once the connector has closed its stderr. */
  end(): OpsLog[] {
    const text = this.#rest + this.#utf8.decode();
    this.#rest = '';
    return this.#decode(text);
  }

  #decode(text: string): OpsLog[] {
    const logs: OpsLog[] = [];
    let raw: string[] = [];
    const closeRaw = (): void => {
      while (raw.at(-1)?.trim() === '') raw.pop();
      if (nodeBanner.test(raw.at(-1) ?? '')) raw.pop();
      const message = raw.join('\n').trimEnd();
      raw = [];
      if (message === '') return;
      logs.push({ ts: this.#now().toISOString(), level: guessLevel(message), message, fields: {} });
    };
    for (const line of text.split('\n')) {
      const object = parseObject(line);
      if (object === undefined) {
        raw.push(line.includes(UPDATE_MARK) ? CUT_UPDATE : line);
        continue;
      }
      closeRaw();
      logs.push(structuredLog(line, object, this.#now));
    }
    closeRaw();
    return logs;
  }
}
