// A database of one's own on a real server, and the connector over it, driven without a runtime.

import assert from 'node:assert/strict';
import type { Logger } from '@weir/connector';
import type { MaterializationBinding } from '@weir/materialize';
import {
  FULL_RANGE,
  type MaterializationBindingSpec,
  type MaterializationSpec,
  type MaterializeValidatedBinding,
  type RangeSpec,
} from '@weir/protocol';
import { decodeConfig } from '@weir/schema';
import {
  type PostgresServer,
  type SampleBinding,
  sampleBindingSpec,
  sampleMaterialization,
} from '@weir/testing';
import { rowObjects } from '@weir/pgwire';
import {
  endpointConfig,
  type EndpointConfig,
  resourceConfig,
  type ResourceConfig,
  resourcePathOf,
  upgradeConfig,
} from '../src/config.ts';
import type { LockPatience } from '../src/connection.ts';
import { materializePostgres } from '../src/materialize-postgres.ts';
import { open } from '../src/open.ts';
import type { PostgresTransactor } from '../src/transactor.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
}

export type TableSample = Omit<SampleBinding, 'resourcePath' | 'resource'> & {
  readonly table: string;
  readonly schema?: string;
  readonly additionalSql?: string;
};

let databases = 0;

export class Sink implements AsyncDisposable {
  readonly server: PostgresServer;
  readonly database: string;
  readonly config: EndpointConfig;
  readonly logs: LogLine[] = [];
  readonly log: Logger;
  last: MaterializationSpec | undefined;

  private constructor(server: PostgresServer, database: string, given: Readonly<Record<string, unknown>>) {
    this.server = server;
    this.database = database;
    const log = (level: string) => (message: string) => void this.logs.push({ level, message });
    this.log = {
      trace: log('trace'),
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      status: log('status'),
    } as unknown as Logger;
    const { host, port, user, password } = server;
    const raw = {
      address: `${host}:${port}`,
      user,
      database,
      credentials: { auth_type: 'UserPassword', password },
      ...given,
    };
    this.config = decodeConfig(endpointConfig, JSON.stringify(raw), {
      what: 'a test',
      upgrade: upgradeConfig,
    });
  }

  static async create(
    server: PostgresServer,
    config: Readonly<Record<string, unknown>> = {},
    database = `sink_${(databases += 1)}`,
  ): Promise<Sink> {
    await server.query(`CREATE DATABASE ${database}`);
    return new Sink(server, database, config);
  }

  /** Over a database that is there; it is dropped in the end. */
  static over(server: PostgresServer, database: string): Promise<Sink> {
    return Promise.resolve(new Sink(server, database, {}));
  }

  /** Another connector over the same database. */
  with(config: Readonly<Record<string, unknown>>): Sink {
    const other = new Sink(this.server, this.database, config);
    other.last = this.last;
    return other;
  }

  get context() {
    return { log: this.log, signal: new AbortController().signal, taskName: 'acme/sink' };
  }

  binding(sample: TableSample): MaterializationBindingSpec {
    const { table, schema, additionalSql, ...rest } = sample;
    const resource = {
      table,
      ...(schema === undefined ? {} : { schema }),
      ...(additionalSql === undefined ? {} : { additional_table_create_sql: additionalSql }),
      delta_updates: sample.deltaUpdates ?? false,
    };
    const decoded = decodeConfig(resourceConfig, JSON.stringify(resource), { what: 'a table' });
    return sampleBindingSpec({ ...rest, resource, resourcePath: resourcePathOf(decoded, this.config) });
  }

  spec(...samples: readonly TableSample[]): MaterializationSpec {
    return sampleMaterialization(...samples.map((sample) => this.binding(sample)));
  }

  #bindings(spec: MaterializationSpec): MaterializationBinding<ResourceConfig>[] {
    return spec.bindings.map((binding, index) => ({
      ...binding,
      index,
      resource: decodeConfig(resourceConfig, binding.resourceConfig, { what: 'a table' }),
    }));
  }

  validate(spec: MaterializationSpec): Promise<readonly MaterializeValidatedBinding[]> {
    const bindings = this.#bindings(spec).map((binding) => ({
      ...binding,
      fieldConfig: binding.fieldSelection.fieldConfig,
      groupBy: [],
    }));
    return materializePostgres.validate(this.config, { bindings, last: this.last }, this.context);
  }

  /** Returns what was done. */
  async apply(spec: MaterializationSpec): Promise<string> {
    const target = {
      spec,
      bindings: this.#bindings(spec),
      version: '1',
      last: this.last,
      lastVersion: '',
      state: undefined,
    };
    const { actionDescription } = await materializePostgres.apply(this.config, target, this.context);
    this.last = spec;
    return actionDescription;
  }

  async open(
    spec: MaterializationSpec = this.lastSpec,
    range: RangeSpec | undefined = FULL_RANGE,
    patience?: LockPatience,
  ): Promise<PostgresTransactor> {
    const session = {
      ...this.context,
      config: this.config,
      bindings: this.#bindings(spec),
      version: '1',
      range,
      state: {},
      spec,
    };
    return open(session, patience);
  }

  get lastSpec(): MaterializationSpec {
    assert.ok(this.last !== undefined);
    return this.last;
  }

  /** Applies, and opens a session. */
  async start(...samples: readonly TableSample[]): Promise<PostgresTransactor> {
    await this.apply(this.spec(...samples));
    return this.open();
  }

  async query(sql: string): Promise<Record<string, string | null>[]> {
    await using connection = await this.server.connect(this.database);
    return rowObjects(await connection.query(sql));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.query(`DROP DATABASE IF EXISTS ${this.database} WITH (FORCE)`).catch(() => undefined);
  }
}
