// Two looks at the same rows: a soon one, which brings nearly everything within its short lag, and a late one, which asks
// for the same times again once rows that appear late can be seen. What the soon one has sent, the late one leaves out.
//
// The late look may have read an older row than the soon one sends meanwhile. So what the soon one commits waits for what
// the late one is reading (`isLate`), as it waits for pages of the backfill.

import type { ChangeStream, Stream } from '../engine/stream.ts';
import { spanMs } from '../time/duration.ts';
import { Instant } from '../time/instant.ts';
import type { ChangesOptions } from './changes-options.ts';
import type { StreamContext } from './stream-options.ts';
import { SentRows } from './sent-rows.ts';
import { WindowedStream } from './windowed-stream.ts';

/** The names of the parts in the state. */
export const SOON = 'realtime';
const LATE = 'lookback';

type Wrap = (stream: WindowedStream) => ChangeStream<Instant>;

/**
 * One stream of windows, or two looks and one backfill. `wrap` makes of a look what is captured. Then the late look leaves
 * nothing out, unless times tell any two changes apart: what is made of a row may have changed though the row has not.
 */
export function windowedParts(
  name: string,
  options: ChangesOptions,
  { start, ...rest }: StreamContext,
  wrap?: Wrap,
): Stream {
  const { lookback, cursor, ignoresStart = false } = options;
  const context = { ...rest, start: ignoresStart ? new Instant(0n) : start };
  const captured = wrap ?? ((stream) => stream);
  if (lookback === undefined) {
    return { kind: 'changes', parts: { only: captured(new WindowedStream(name, options, context)) } };
  }
  const { key, sameTimeIsSameRow = false, lookbackAs = LATE } = options;
  const lateOptions = { ...options, cursor: { ...cursor, lagMs: spanMs(lookback) } } as ChangesOptions;
  const sent = new SentRows(key, sameTimeIsSameRow);
  const soon = captured(new WindowedStream(name, options, context, { is: 'soon', sent }));
  const seen = wrap === undefined || sameTimeIsSameRow ? sent : new SentRows(key);
  const late = captured(new WindowedStream(name, lateOptions, context, { is: 'late', sent: seen }));
  return { kind: 'changes', parts: { named: { [SOON]: soon, [lookbackAs]: late } }, history: soon };
}
