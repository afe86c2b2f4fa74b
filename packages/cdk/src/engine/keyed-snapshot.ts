// A snapshot whose rows are known by their keys. What has changed since the last one is sent, and what is gone is deleted,
// wherever in the list it was. The keys of all rows are in the state, for a deletion needs the key of a row that is no longer
// there, and nothing else outlives the process.

import { createHash } from 'node:crypto';
import { canonicalJson, parsePointer, resolvePointer } from '@weir/schema';
import { getProperty, isJsonObject, type JsonObject, type JsonValue, parseJson } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { documentBatch } from '../documents/document-batch.ts';
import type { DocumentBatch } from './stream.ts';
import type { TaskOutput } from './task-output.ts';

/** So many keys are kept; the state of a task should stay within a few megabytes. */
const MOST_ROWS = 100_000;

type Rows = Readonly<Record<string, string>>;

/** Reads all rows, and adds what differs from `last`. Returns the rows as they are now. */
export async function compareRows(
  name: string,
  key: readonly string[],
  batches: AsyncIterable<DocumentBatch>,
  last: Rows,
  out: TaskOutput,
): Promise<Rows> {
  const pointers = key.map(parsePointer);
  const rows: Record<string, string> = {};
  let count = 0;
  for await (const batch of batches) {
    const changed: Buffer[] = [];
    const added: Buffer[] = [];
    for (const bytes of recordsIn(batch)) {
      const text = keyText(bytes, batch.meta, pointers);
      const digest = digestOf(bytes, batch.meta);
      if (!Object.hasOwn(rows, text)) count += 1;
      rows[text] = digest;
      const known = getProperty(last, text);
      if (known !== digest) (known === undefined ? added : changed).push(bytes);
    }
    if (count > MOST_ROWS) {
      throw errors.CDK_SNAPSHOT_TOO_LARGE({
        message: `${JSON.stringify(name)} has more than ${MOST_ROWS} rows, which are known by their keys.`,
      });
    }
    const meta = batch.meta === undefined ? {} : { meta: batch.meta };
    if (added.length > 0) await out.add(documentBatch(added, { ...meta, op: 'c' }));
    if (changed.length > 0) await out.add(documentBatch(changed, meta));
  }
  const gone = Object.keys(last).filter((text) => !Object.hasOwn(rows, text));
  if (gone.length > 0) {
    await out.addDeletions({ kind: 'deletions', keys: gone.map((text) => parseJson(text) as JsonValue[]) });
  }
  return rows;
}

function* recordsIn({ bytes, ends, count }: DocumentBatch): Generator<Buffer, void, void> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  for (let index = 0; index < count; index += 1) {
    const end = ends[index] ?? start;
    yield all.subarray(start, end);
    start = end;
  }
}

function keyText(
  bytes: Buffer,
  meta: JsonObject | undefined,
  pointers: readonly (readonly string[])[],
): string {
  const record = parseJson(bytes);
  const own = isJsonObject(record) ? getProperty(record, '_meta') : undefined;
  const _meta = { ...(isJsonObject(own) ? own : {}), ...meta };
  const document = isJsonObject(record) ? { ...record, _meta } : record;
  return canonicalJson(pointers.map((pointer) => resolvePointer(document, pointer) ?? null));
}

/** 96 bits. */
function digestOf(bytes: Buffer, meta: JsonObject | undefined): string {
  const hash = createHash('sha256').update(bytes);
  if (meta !== undefined) hash.update(canonicalJson(meta));
  return hash.digest('base64').slice(0, 16);
}
