// Reads the rows of several queries on one connection ahead of whoever takes them: at most so many bytes, then the server
// has to wait. Several of these at once make up for the time that rows are under way.

import type { CopyChunk, PgConnection } from '@weir/pgwire';

export class ReadAhead implements AsyncDisposable {
  readonly #connection: Pick<PgConnection, 'copyOut'>;
  readonly #mostBytes: number;
  /** Undefined is the end of a query. */
  readonly #read: (CopyChunk | undefined)[] = [];
  readonly #reading: Promise<void>;
  #bytes = 0;
  #isClosed = false;
  #failure: { readonly error: unknown } | undefined;
  #arrived = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  constructor(connection: Pick<PgConnection, 'copyOut'>, queries: readonly string[], mostBytes: number) {
    this.#connection = connection;
    this.#mostBytes = mostBytes;
    this.#reading = this.#readAll(queries);
  }

  /** The rows of the next query, to be taken to the end. Throws what reading them failed with, in their place. */
  async *rows(): AsyncGenerator<CopyChunk, void, void> {
    for (;;) {
      if (this.#read.length === 0) {
        if (this.#failure !== undefined) throw this.#failure.error;
        await this.#arrived.promise;
        this.#arrived = Promise.withResolvers();
        continue;
      }
      const chunk = this.#read.shift();
      if (chunk === undefined) return;
      this.#bytes -= chunk.bytes.length;
      this.#taken.resolve();
      yield chunk;
    }
  }

  /** Cancels what is still being read. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#taken.resolve();
    await this.#reading;
  }

  /** Never rejects. */
  async #readAll(queries: readonly string[]): Promise<void> {
    try {
      for (const query of queries) {
        if (this.#isClosed) return;
        for await (const rows of this.#connection.copyOut(query)) {
          if (rows.count > 0) this.#add(copyOf(rows));
          while (this.#bytes >= this.#mostBytes && !this.#isClosed) {
            this.#taken = Promise.withResolvers();
            await this.#taken.promise;
          }
          if (this.#isClosed) return;
        }
        this.#add(undefined);
      }
    } catch (error) {
      this.#failure = { error };
      this.#arrived.resolve();
    }
  }

  #add(chunk: CopyChunk | undefined): void {
    this.#read.push(chunk);
    this.#bytes += chunk?.bytes.length ?? 0;
    this.#arrived.resolve();
  }
}

/** In memory of its own: the buffer of the connection is used again. */
function copyOf({ bytes, count, starts, ends }: CopyChunk): CopyChunk {
  const start = starts[0] ?? 0;
  const end = ends[count - 1] ?? start;
  const shifted = (offsets: Uint32Array) => offsets.slice(0, count).map((offset) => offset - start);
  return {
    bytes: Buffer.from(bytes.subarray(start, end)),
    count,
    starts: shifted(starts),
    ends: shifted(ends),
  };
}
