// Rows that the API exports into files, and lists as well: changes of a short time are read from the list, which is there at
// once, and those of a longer one, like the history, from files.

import type { ChangeStream } from '../engine/stream.ts';
import { spanMs } from '../time/duration.ts';
import type { Instant } from '../time/instant.ts';
import type { ExportOptions } from './export-options.ts';
import type { StreamContext } from './stream-options.ts';
import { ExportStream } from './export-stream.ts';
import { WindowedStream } from './windowed-stream.ts';

export function exportStream(
  name: string,
  options: ExportOptions,
  context: StreamContext,
): ChangeStream<Instant> {
  const files = new ExportStream(name, options, context);
  const { recent, job: _job, longestWindow: _window, records: _records, nested: _nested, ...rows } = options;
  if (recent === undefined) return files;
  const { within, ...list } = recent;
  const listed = new WindowedStream(name, { ...rows, ...list }, context);
  return {
    initial: files.initial,
    lagMs: files.lagMs,
    readsOn: files.readsOn,
    fetchPage: (call) => files.fetchPage(call),
    fetchChanges: (call) => {
      const spanOfChanges = call.nowMs - call.cursor.ms;
      return spanOfChanges > spanMs(within) ? files.fetchChanges(call) : listed.fetchChanges(call);
    },
  };
}
