// A database of one's own on a real server, and the connector over it, driven without a runtime.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
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
  missingMysql,
  mysqlFlavours,
  type MysqlServerOptions,
  type MysqlTestServer,
  type SampleBinding,
  sampleBindingSpec,
  sampleMaterialization,
  startMysql,
} from '@weir/testing';
import {
  type EndpointConfig,
  endpointSchema,
  type ResourceConfig,
  resourceSchema,
} from '../src/endpoint-schema.ts';
import { materializeMysql } from '../src/materialize-mysql.ts';
import { type MysqlTransactor, openTransactor } from '../src/transactor.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
}

export type TableSample = Omit<SampleBinding, 'resourcePath' | 'resource'> & {
  readonly table: string;
  readonly additionalSql?: string;
};

let databases = 0;

/** Runs the tests on both servers, each started once. */
export function onBothServers(
  tests: (server: () => MysqlTestServer, flavour: MysqlTestServer['flavour']) => void,
  settings: MysqlServerOptions['settings'] = {},
): void {
  for (const flavour of mysqlFlavours) {
    void describe(flavour, { skip: missingMysql(flavour) }, () => {
      let server: MysqlTestServer | undefined;
      before(async () => void (server = await startMysql({ flavour, settings })));
      after(async () => await server?.[Symbol.asyncDispose]());
      tests(() => {
        assert.ok(server !== undefined);
        return server;
      }, flavour);
    });
  }
}

export class Sink implements AsyncDisposable {
  readonly server: MysqlTestServer;
  readonly database: string;
  readonly config: EndpointConfig;
  readonly logs: LogLine[] = [];
  readonly log: Logger;
  last: MaterializationSpec | undefined;

  private constructor(server: MysqlTestServer, database: string, given: Readonly<Record<string, unknown>>) {
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
    const { address, user, password } = server;
    this.config = decodeConfig(
      endpointSchema,
      JSON.stringify({ address, user, password, database, ...given }),
      {
        what: 'a test',
      },
    );
  }

  static async create(
    server: MysqlTestServer,
    config: Readonly<Record<string, unknown>> = {},
    charset = 'utf8mb4',
  ): Promise<Sink> {
    const database = `sink_${(databases += 1)}`;
    await server.query(`CREATE DATABASE ${database} CHARACTER SET ${charset}`);
    return new Sink(server, database, config);
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
    const { table, additionalSql, ...rest } = sample;
    const resource = {
      table,
      ...(additionalSql === undefined ? {} : { additional_table_create_sql: additionalSql }),
      delta_updates: sample.deltaUpdates ?? false,
    };
    return sampleBindingSpec({ ...rest, resource, resourcePath: [table] });
  }

  spec(...samples: readonly TableSample[]): MaterializationSpec {
    return sampleMaterialization(...samples.map((sample) => this.binding(sample)));
  }

  #bindings(spec: MaterializationSpec): MaterializationBinding<ResourceConfig>[] {
    return spec.bindings.map((binding, index) => ({
      ...binding,
      index,
      resource: decodeConfig(resourceSchema, binding.resourceConfig, { what: 'a table' }),
    }));
  }

  validate(...samples: readonly TableSample[]): Promise<readonly MaterializeValidatedBinding[]> {
    const bindings = this.#bindings(this.spec(...samples)).map((binding) => ({
      ...binding,
      fieldConfig: binding.fieldSelection.fieldConfig,
      groupBy: [],
    }));
    return materializeMysql.validate(this.config, { bindings, last: this.last }, this.context);
  }

  /** Returns what was done. */
  async apply(...samples: readonly TableSample[]): Promise<string> {
    const spec = this.spec(...samples);
    const target = {
      spec,
      bindings: this.#bindings(spec),
      version: '1',
      last: this.last,
      lastVersion: '',
      state: undefined,
    };
    const { actionDescription } = await materializeMysql.apply(this.config, target, this.context);
    this.last = spec;
    return actionDescription;
  }

  async open(range: RangeSpec = FULL_RANGE): Promise<MysqlTransactor> {
    assert.ok(this.last !== undefined);
    return openTransactor({
      ...this.context,
      config: this.config,
      bindings: this.#bindings(this.last),
      version: '1',
      range,
      state: {},
      spec: this.last,
    });
  }

  /** Applies, and opens a session. */
  async start(...samples: readonly TableSample[]): Promise<MysqlTransactor> {
    await this.apply(...samples);
    return this.open();
  }

  async query(sql: string): Promise<Record<string, unknown>[]> {
    const connection = await this.server.connect(this.database);
    try {
      const [rows] = await connection.query(sql);
      return rows as Record<string, unknown>[];
    } finally {
      connection.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.query(`DROP DATABASE IF EXISTS ${this.database}`).catch(() => undefined);
  }
}
