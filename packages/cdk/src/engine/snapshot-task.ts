// A stream that is read whole each time. Nothing is sent when nothing has changed; otherwise all rows are, numbered in
// their order, and rows past the last one are deleted (or, where rows have a key, what has changed is: keyed-snapshot.ts). A read that fails sends nothing: a list that ended early would
// delete what is still there.

import { Instant } from '../time/instant.ts';
import { documents } from '../documents/document-batch.ts';
import type { TaskContext } from './changes-task.ts';
import { compareRows } from './keyed-snapshot.ts';
import type { Call, DocumentBatch, SnapshotStream } from './stream.ts';
import { RowDigest, TaskOutput } from './task-output.ts';

/** Tombstones are made so many at a time. */
const TOMBSTONES = 1000;

export async function runSnapshots(
  { targets, binding, part, state, clock, stopping, log }: TaskContext,
  stream: SnapshotStream,
): Promise<void> {
  await using out = new TaskOutput(targets, binding);
  while (!stopping.isAsked) {
    const last = state.snapshot(part);
    await clock.until(last.updatedAt.ms + binding.intervalMs, stopping.gentle);
    const startedMs = clock.now();
    const { key } = stream;
    if (key !== undefined) {
      const call = { signal: stopping.hard, log, nowMs: startedMs };
      const known = last.rows ?? {};
      const rows = await compareRows(binding.name, key, marked(stream, call), known, out);
      const count = Object.keys(rows).length;
      log.debug('snapshot taken', { stream: binding.name, rows: count, changed: out.pending > 0 });
      await out.commit(
        state.setSnapshot(part, { updatedAt: Instant.ofMs(startedMs), count, digest: '', rows }),
      );
      continue;
    }
    const digest = new RowDigest();
    let count = 0;
    for await (const batch of marked(stream, { signal: stopping.hard, log, nowMs: startedMs })) {
      digest.add(batch);
      await out.addRows(batch, count, last.count);
      count += batch.count;
    }
    const taken = { updatedAt: Instant.ofMs(startedMs), count, digest: digest.take() };
    const isSame = taken.digest === last.digest && count === last.count;
    if (isSame) out.discard();
    else {
      for (let row = count; row < last.count; row += TOMBSTONES) {
        const gone = Math.min(TOMBSTONES, last.count - row);
        await out.addTombstones(
          documents(
            Array.from({ length: gone }, () => stream.tombstone ?? {}),
            stream.meta === undefined ? {} : { meta: stream.meta },
          ),
          row,
        );
      }
    }
    log.debug('snapshot taken', { stream: binding.name, rows: count, changed: !isSame });
    await out.commit(state.setSnapshot(part, taken));
  }
}

/** The batches of a pass, with what the stream says of all its rows beside what a batch says of its own. */
async function* marked(stream: SnapshotStream, call: Call): AsyncGenerator<DocumentBatch, void, void> {
  const { meta } = stream;
  for await (const batch of stream.fetchSnapshot(call)) {
    yield meta === undefined ? batch : { ...batch, meta: { ...batch.meta, ...meta } };
  }
}
