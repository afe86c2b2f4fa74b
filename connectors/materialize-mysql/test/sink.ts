// A database of one's own on a real server, and the connector over it, driven without a runtime.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type {
  MaterializationBindingSpec,
  MaterializationSpec,
  MaterializeValidatedBinding,
  RangeSpec,
} from '@weir/protocol';
import {
  missingMysql,
  mysqlFlavours,
  type MysqlServerOptions,
  type MysqlTestServer,
  type SampleBinding,
  sampleBindingSpec,
  sampleMaterialization,
  SinkDriver,
  startMysql,
} from '@weir/testing';
import type { EndpointConfig, ResourceConfig } from '../src/endpoint-schema.ts';
import { materializeMysql } from '../src/materialize-mysql.ts';
import { type MysqlTransactor, openTransactor } from '../src/transactor.ts';

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

export class Sink extends SinkDriver<EndpointConfig, ResourceConfig> implements AsyncDisposable {
  readonly server: MysqlTestServer;
  readonly database: string;

  private constructor(server: MysqlTestServer, database: string, given: Readonly<Record<string, unknown>>) {
    const { address, user, password } = server;
    super(materializeMysql, { address, user, password, database, ...given });
    this.server = server;
    this.database = database;
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

  validate(...samples: readonly TableSample[]): Promise<readonly MaterializeValidatedBinding[]> {
    return this.validateSpec(this.spec(...samples));
  }

  /** Returns what was done. */
  apply(...samples: readonly TableSample[]): Promise<string> {
    return this.applySpec(this.spec(...samples));
  }

  open(range?: RangeSpec): Promise<MysqlTransactor> {
    return openTransactor(this.session(this.lastSpec, range));
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
