// A file of one's own, and the connector over it, driven without a runtime.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { MaterializationSpec, RangeSpec } from '@weir/protocol';
import {
  type SampleBinding,
  sampleBindingSpec,
  sampleMaterialization,
  SinkDriver,
  temporaryDirectory,
} from '@weir/testing';
import type { EndpointConfig, ResourceConfig } from '../src/config.ts';
import { materializeSqlite } from '../src/materialize-sqlite.ts';
import { SqliteTransactor } from '../src/transactor.ts';

export type TableSample = Omit<SampleBinding, 'resourcePath' | 'resource'> & { readonly table: string };

export function specOf(...samples: readonly TableSample[]): MaterializationSpec {
  return sampleMaterialization(
    ...samples.map(({ table, ...rest }) => {
      const resource = { table, delta_updates: rest.deltaUpdates ?? false };
      return sampleBindingSpec({ ...rest, resource, resourcePath: [table] });
    }),
  );
}

export class Sink extends SinkDriver<EndpointConfig, ResourceConfig> implements Disposable {
  readonly #folder: Disposable | undefined;

  private constructor(path: string, given: Readonly<Record<string, unknown>>, folder?: Disposable) {
    super(materializeSqlite, { path, ...given });
    this.#folder = folder;
  }

  /** In a folder of its own, which goes with it. */
  static create(config: Readonly<Record<string, unknown>> = {}): Sink {
    const folder = temporaryDirectory();
    return new Sink(join(folder.path, 'sink.db'), config, folder);
  }

  /** A file in a folder that stays. */
  static at(path: string, config: Readonly<Record<string, unknown>> = {}): Sink {
    return new Sink(path, config);
  }

  get path(): string {
    return this.config.path;
  }

  spec(...samples: readonly TableSample[]): MaterializationSpec {
    return specOf(...samples);
  }

  open(range?: RangeSpec, busyTimeoutMs?: number): SqliteTransactor {
    return new SqliteTransactor(this.session(this.lastSpec, range), busyTimeoutMs);
  }

  /** Applies, and opens a session. */
  async start(...samples: readonly TableSample[]): Promise<SqliteTransactor> {
    await this.applySpec(this.spec(...samples));
    return this.open();
  }

  query(sql: string): Record<string, unknown>[] {
    using database = new DatabaseSync(this.path);
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  }

  exec(sql: string): void {
    using database = new DatabaseSync(this.path);
    database.exec(sql);
  }

  [Symbol.dispose](): void {
    this.#folder?.[Symbol.dispose]();
  }
}
