// The rows of one query, read from the server as they are taken.

import type { JsonBuffer } from '@weir/json-bytes';
import {
  type PgConnection,
  type QueryParameter,
  type QueryChunk,
  readDataRow,
  tupleKind,
  TupleView,
} from '@weir/pgwire';
import type { TypeCatalog, ValueWriter } from '@weir/postgres';
import type { CursorValue, RowSource } from '@weir/sqlbatch';
import { compileBatchWriter, cursorValueOf } from './values.ts';

export interface ResultOptions {
  readonly types: TypeCatalog;
  /** Opens a connection for asking about types, which is closed again. */
  readonly connectForTypes: () => Promise<PgConnection>;
  /** Columns of the collection's key. */
  readonly key: ReadonlySet<string>;
}

export class ResultRows implements RowSource {
  columns: readonly string[] = [];
  readonly #chunks: AsyncGenerator<QueryChunk, void, void>;
  readonly #options: ResultOptions;
  readonly #row = new TupleView();
  #chunk: QueryChunk | undefined;
  #writers: readonly ValueWriter[] = [];

  constructor(
    connection: PgConnection,
    sql: string,
    parameters: readonly QueryParameter[],
    options: ResultOptions,
  ) {
    this.#chunks = connection.queryStream(sql, parameters);
    this.#options = options;
  }

  async next(): Promise<number | undefined> {
    const isFirst = this.#chunk === undefined;
    const { value } = await this.#chunks.next();
    if (value === undefined) return undefined;
    this.#chunk = value;
    if (isFirst) await this.#describe(value);
    return value.count;
  }

  /** The connection of the rows is busy with them, so types that are not known yet are asked for over another one. */
  async #describe(chunk: QueryChunk): Promise<void> {
    const { types, connectForTypes, key } = this.#options;
    const wanted = chunk.columns.map(({ typeOid }) => typeOid);
    if (!wanted.every((oid) => types.has(oid))) {
      await using connection = await connectForTypes();
      await types.load(connection, wanted);
    }
    this.columns = chunk.columns.map(({ name }) => name);
    this.#writers = chunk.columns.map(({ name, typeOid }) =>
      compileBatchWriter(types.get(typeOid), key.has(name)),
    );
  }

  select(row: number): void {
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    readDataRow(this.#row, chunk.bytes, chunk.starts[row] ?? 0, chunk.ends[row] ?? 0);
  }

  writeValue(out: JsonBuffer, column: number): void {
    const { kinds, starts, ends } = this.#row;
    const bytes = this.#chunk?.bytes;
    const write = this.#writers[column];
    if (bytes === undefined || write === undefined || kinds[column] === tupleKind.null) out.ascii('null');
    else write(out, bytes, starts[column] ?? 0, ends[column] ?? 0);
  }

  cursorValue(column: number): CursorValue {
    const { kinds, starts, ends } = this.#row;
    const described = this.#chunk?.columns[column];
    if (described === undefined || kinds[column] === tupleKind.null) return null;
    const text = this.#chunk?.bytes.toString('utf8', starts[column], ends[column]) ?? '';
    return cursorValueOf(this.#options.types.get(described.typeOid), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return();
  }
}
