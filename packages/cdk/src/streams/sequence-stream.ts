// A list whose rows have a number that only grows, each with a greater one than all that were visible before it: a log.
// What is behind the last number is all there is to ask for, so a log needs no lag and no backfill beside it.

import { parsePointer, resolvePointer } from '@weir/schema';
import { parseJson } from '@weir/schema/json';
import { type ChangeEvent, type ChangesCall, type ChangeStream, reached } from '../engine/stream.ts';
import { errors } from '../errors.ts';
import type { SequenceOptions } from './changes-options.ts';
import { knownIn, type StreamContext } from './stream-options.ts';
import { documentsOf } from './deleted-rows.ts';
import { readPage } from './list-reader.ts';
import { recordsOf } from './record-batches.ts';
import { fixedList } from './list-options.ts';
import { baseRequest, listSource } from './list-source.ts';

export function sequenceStream(
  name: string,
  options: SequenceOptions,
  context: StreamContext,
): ChangeStream<bigint> {
  const [sizeParam, rows] = options.size;
  const pointer = parsePointer(options.number);
  const numberOf = (record: Buffer): bigint => {
    const value = resolvePointer(parseJson(record), pointer);
    if (typeof value === 'bigint') return value;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
    throw errors.CDK_STREAM_DEFECT({
      message: `A record of ${JSON.stringify(name)} has no integer at ${options.number}.`,
    });
  };
  return {
    initial: () => ({ cursor: options.first ?? 0n }),
    async *fetchChanges({ cursor, signal }: ChangesCall<bigint>): AsyncGenerator<ChangeEvent<bigint>> {
      const after = cursor.toString();
      const list = fixedList(options, { ...knownIn(context), after }, context.query);
      const base = baseRequest(list);
      const query = { ...base.query, [sizeParam]: rows, ...options.after(after) };
      let last = cursor;
      let count = 0;
      for await (const batch of readPage(context.client, listSource(list), { ...base, query }, signal)) {
        for (const record of recordsOf(batch)) {
          const number = numberOf(record);
          if (number <= last) {
            throw errors.CDK_ORDER_BROKEN({
              message: `${JSON.stringify(name)} lists the row ${number} behind ${last}, and only rows after ${cursor} were asked for.`,
            });
          }
          last = number;
          count += 1;
        }
        yield* documentsOf(batch, options.isDeleted);
      }
      if (last > cursor) yield reached(last, count < rows);
    },
  };
}
