// The times by which an API tells what has changed, and the rules that keep them from losing a row.

import { anyValue, DocumentScanner, parsePointer, resolvePointer, SlotKind } from '@weir/schema';
import { excerptText, parseJson, type JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import type { FieldSchema } from '../schema/document-schema.ts';
import { type Span, spanMs } from '../time/duration.ts';
import { horizon, Instant } from '../time/instant.ts';
import { ofShown, shownAsBound, shownIn } from '../time/zone.ts';

export interface TimestampOptions {
  /** The finest step of the API's times. */
  readonly tick: '1us' | '1ms' | '1s' | '1m' | '1d';
  /** How late a row may become visible, or be found by the filter, after its time. */
  readonly lag: Span;
  /** rfc3339 when absent; seconds and milliseconds are numbers since 1970. */
  readonly format?: 'rfc3339' | 'seconds' | 'milliseconds' | 'date';
  /**
   * The IANA zone of texts that name none, and of what is printed; UTC when absent. Of lists that are filtered by time
   * (`between`) only: in the hour that clocks show twice, no other knows whether a row is older than another.
   */
  readonly zone?: string;
}

/** The time at which a row was last updated, or only the one at which it was made. */
export interface Timestamp<Of extends 'updated' | 'created' = 'updated' | 'created'> {
  readonly of: Of;
  /** Of a record. */
  readonly pointer: string;
  readonly tickNs: bigint;
  readonly lagMs: number;
  readonly zone: string | undefined;
  /**
   * As the API wants it in a filter. Of the bound of one, nothing is cut off: what is between `from` and `to` stays between
   * them, also where texts name no zone and an hour is repeated.
   */
  readonly print: (instant: Instant, bound?: 'from' | 'to') => string;
  readonly read: (value: JsonValue | undefined) => Instant | undefined;
  readonly described: string;
  readonly schema: FieldSchema;
}

const ticks = {
  '1us': 1000n,
  '1ms': 1_000_000n,
  '1s': 1_000_000_000n,
  '1m': 60_000_000_000n,
  '1d': 86_400_000_000_000n,
} as const;
const digits = { '1us': 6, '1ms': 3, '1s': 0, '1m': 0, '1d': 0 } as const;

/** `pointer` leads to the time at which a record was last updated. */
export function updatedAt(pointer: string, options: TimestampOptions): Timestamp<'updated'> {
  return timestamp('updated', pointer, options);
}

/** `pointer` leads to the time of a record that never changes once it is there: an event, an entry of a log. */
export function occurredAt(pointer: string, options: TimestampOptions): Timestamp<'updated'> {
  return timestamp('updated', pointer, options);
}

/**
 * `pointer` leads to the time at which a record was made. It never shows a change, so a stream of such times has to be
 * backfilled on a schedule.
 */
export function createdAt(pointer: string, options: TimestampOptions): Timestamp<'created'> {
  return timestamp('created', pointer, options);
}

function timestamp<Of extends 'updated' | 'created'>(
  of: Of,
  pointer: string,
  options: TimestampOptions,
): Timestamp<Of> {
  const { tick, lag, format = 'rfc3339', zone } = options;
  const local = (instant: Instant, bound: 'from' | 'to' | undefined): Instant => {
    if (zone === undefined) return instant;
    return bound === undefined ? shownIn(zone, instant) : shownAsBound(zone, instant, bound);
  };
  const step = stepOf(format, tick);
  const named = (instant: Instant | undefined, text: string): Instant | undefined =>
    zone === undefined || instant === undefined || NAMES_ZONE.test(text) ? instant : ofShown(zone, instant);
  return {
    of,
    pointer,
    tickNs: ticks[tick],
    lagMs: spanMs(lag),
    zone,
    print: (exact, bound) => {
      const instant = bound === 'to' && step !== undefined ? exact.ceil(step) : exact;
      switch (format) {
        case 'rfc3339': {
          const text = local(instant, bound).toText(digits[tick]);
          return zone === undefined ? text : text.slice(0, -1);
        }
        case 'date':
          return local(instant, bound).toText(0).slice(0, 10);
        case 'seconds':
          return String(instant.floor(ticks['1s']).nanoseconds / ticks['1s']);
        case 'milliseconds':
          return String(instant.floor(ticks['1ms']).nanoseconds / ticks['1ms']);
      }
    },
    read: (value) => {
      if (typeof value === 'string' && format === 'date')
        return named(Instant.parse(`${value.slice(0, 10)}T00:00:00Z`), '');
      if (typeof value === 'string') return named(Instant.parse(value), value);
      if (typeof value !== 'number') return undefined;
      return format === 'seconds' ? Instant.ofMs(value * 1000) : Instant.ofMs(value);
    },
    schema: schemaOf(format),
    described: `${pointer} (${of === 'created' ? 'of creation, ' : ''}${format}, tick ${tick}, lag ${lag}${zone === undefined ? '' : `, ${zone}`})`,
  };
}

/** What is cut off when a time is printed; undefined for days, which begin when their zone says so. */
function stepOf(format: TimestampOptions['format'], tick: TimestampOptions['tick']): bigint | undefined {
  if (format === 'date') return undefined;
  if (format === 'seconds') return ticks['1s'];
  if (format === 'milliseconds') return ticks['1ms'];
  return tick === '1d' ? ticks['1s'] : ticks[tick];
}

const NAMES_ZONE = /(?:[Zz]|[+-]\d{2}:?\d{2})$/;

function schemaOf(format: TimestampOptions['format']): FieldSchema {
  switch (format) {
    case 'seconds':
      return { type: 'number' };
    case 'milliseconds':
      return { type: 'integer' };
    case 'date':
      return { type: 'string', format: 'date' };
    default:
      return { type: 'string', format: 'date-time' };
  }
}

/** How far behind the clock a stream stays that claims no time too early. */
export function claimedLagMs({ lagMs, tickNs }: Timestamp): number {
  return lagMs + Math.ceil(Number(2n * tickNs) / 1e6);
}

/** Where a new binding begins: changes from the horizon on, and what lies before it as a backfill. */
export function initialWindow(
  { tickNs, lagMs }: Timestamp,
  start: Instant,
  nowMs: number,
): { readonly cursor: Instant; readonly cutoff?: Instant } {
  const cutoff = horizon(nowMs, tickNs, lagMs);
  return start.isAfter(cutoff) ? { cursor: start } : { cursor: cutoff, cutoff };
}

/** One for each place where times are, as thousands of streams may look for theirs at the same. */
const scanners = new Map<string, DocumentScanner | undefined>();

function scannerOf(pointer: string): DocumentScanner | undefined {
  if (!scanners.has(pointer)) scanners.set(pointer, DocumentScanner.of(anyValue, [parsePointer(pointer)]));
  return scanners.get(pointer);
}

/** Finds the time in the bytes of records. */
export class TimestampReader {
  readonly #timestamp: Timestamp;
  readonly #scanner: DocumentScanner | undefined;
  readonly #tokens: readonly string[];
  readonly #name: string;

  /** `name`: of the stream, for messages. */
  constructor(name: string, timestamp: Timestamp) {
    this.#name = name;
    this.#timestamp = timestamp;
    this.#tokens = parsePointer(timestamp.pointer);
    this.#scanner = scannerOf(timestamp.pointer);
  }

  /** Of the record in `bytes[start, end)`. Throws when it has no time that can be understood. */
  read(bytes: Buffer, start = 0, end: number = bytes.length): Instant {
    const time = this.#find(bytes, start, end);
    if (time !== undefined) return time;
    const record = bytes.subarray(start, end);
    throw errors.CDK_STREAM_DEFECT({
      message: `A record of ${JSON.stringify(this.#name)} has no time at ${this.#timestamp.pointer}: ${excerptText(record.toString('utf8', 0, 120), 120)}.`,
    });
  }

  #find(bytes: Buffer, start: number, end: number): Instant | undefined {
    const scanner = this.#scanner;
    if (scanner === undefined || !scanner.scan(bytes, start, end)) {
      return this.#timestamp.read(resolvePointer(parseJson(bytes.subarray(start, end)), this.#tokens));
    }
    switch (scanner.slotKind(0)) {
      case SlotKind.text:
        return this.#timestamp.read(bytes.toString('utf8', scanner.slotStart(0), scanner.slotEnd(0)));
      case SlotKind.number:
        return this.#timestamp.read(scanner.slotNumber(0));
      default:
        return undefined;
    }
  }
}
