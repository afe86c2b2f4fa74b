// Rows of a file that belong below others of it. A line names the row above it and comes behind that; all that is below a
// row stands together with it. So a document is whole when the next line begins that names none above it, and no more than
// one document is held in memory.

import { isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import type { RecordBatch } from '../records/record-buffer.ts';
import { batchOf, recordsOf } from './record-batches.ts';

/** A list of rows that a row has below it. */
export interface ListBelow {
  /** The member that it becomes: `lines`, or `terms.schedules` for one of an object within the row. */
  readonly at: string;
  /** Of a file: which rows are of this list. Of a row with one list, all that are below it. */
  readonly holds?: (row: JsonObject) => boolean;
  /** What its rows have below them in turn. */
  readonly lists?: readonly ListBelow[];
}

export interface NestedRows {
  /** The member by which rows are named. */
  readonly id: string;
  /** The member by which a line names the row above it. It stays in the document. */
  readonly above: string;
  readonly lists: readonly ListBelow[];
}

/** As large as a record may be. */
const DOCUMENT_BYTES = 64 << 20;

interface Node {
  readonly row: JsonObject;
  readonly lists: readonly ListBelow[];
}

export class RowTree {
  readonly #options: NestedRows;
  #root: JsonObject | undefined;
  #bytes = 0;
  /** The rows of the document that may have others below them. */
  readonly #nodes = new Map<JsonValue, Node>();

  constructor(options: NestedRows) {
    this.#options = options;
  }

  /** The documents that are whole now. */
  add(lines: RecordBatch): RecordBatch {
    const whole: Buffer[] = [];
    for (const line of recordsOf(lines)) {
      const row = parseJson(line);
      if (!isJsonObject(row)) throw errors.CDK_BODY_INVALID({ message: 'A line of a file is no object.' });
      const above = row[this.#options.above];
      if (above === undefined) {
        whole.push(...this.#take());
        this.#root = row;
        this.#enter(row, this.#options.lists);
      } else this.#put(row, above);
      this.#bytes += line.length;
      if (this.#bytes > DOCUMENT_BYTES) {
        throw errors.CDK_BODY_TOO_LARGE({
          message: `A row with what is below it is larger than ${DOCUMENT_BYTES >> 20} MiB.`,
        });
      }
    }
    return batchOf(whole);
  }

  /** The last document, once all lines were added. */
  end(): RecordBatch {
    return batchOf(this.#take());
  }

  #take(): Buffer[] {
    const root = this.#root;
    this.#root = undefined;
    this.#bytes = 0;
    this.#nodes.clear();
    return root === undefined ? [] : [Buffer.from(stringifyJson(root))];
  }

  #enter(row: JsonObject, lists: readonly ListBelow[]): void {
    for (const { at } of lists) setAt(row, at, []);
    const id = row[this.#options.id];
    if (id !== undefined && lists.length > 0) this.#nodes.set(id, { row, lists });
  }

  #put(row: JsonObject, above: JsonValue): void {
    const node = this.#nodes.get(above);
    if (node === undefined) {
      throw errors.CDK_ORDER_BROKEN({
        message: `A line of a file is below ${JSON.stringify(above)}, which does not stand before it.`,
      });
    }
    const list = node.lists.find(({ holds }) => holds?.(row) ?? true);
    const rows = list === undefined ? undefined : getAt(node.row, list.at);
    if (list === undefined || !Array.isArray(rows)) {
      throw errors.CDK_STREAM_DEFECT({
        message: `A line of a file is below ${JSON.stringify(above)}, and of none of its lists.`,
      });
    }
    rows.push(row);
    this.#enter(row, list.lists ?? []);
  }
}

/** What is at a path of members; undefined where there is nothing on the way. */
export function getAt(row: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = row;
  for (const name of path.split('.'))
    value = isJsonObject(value ?? null) ? (value as JsonObject)[name] : undefined;
  return value;
}

/** Puts a value at a path of members. An object on the way that is not there has no such list either. */
export function setAt(row: JsonObject, path: string, value: JsonValue): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  const owner = names.length === 0 ? row : getAt(row, names.join('.'));
  if (isJsonObject(owner ?? null)) (owner as Record<string, JsonValue>)[last] = value;
}
