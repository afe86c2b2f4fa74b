// A database of one's own on a real server, and the connector over it, driven without a runtime.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type {
  MaterializationBindingSpec,
  MaterializationSpec,
  MaterializeValidatedBinding,
  RangeSpec,
} from '@weir/protocol';
import { rowObjects } from '@weir/pgwire';
import {
  missingPostgres,
  type PostgresServer,
  type PostgresVersion,
  postgresVersions,
  type SampleBinding,
  sampleBindingSpec,
  sampleMaterialization,
  SinkDriver,
  startPostgres,
} from '@weir/testing';
import { type EndpointConfig, type ResourceConfig, resourcePathOf } from '../src/config.ts';
import type { LockPatience } from '../src/connection.ts';
import { materializePostgres } from '../src/materialize-postgres.ts';
import { open } from '../src/open.ts';
import type { PostgresTransactor } from '../src/transactor.ts';

export type { LogLine } from '@weir/testing';

export type TableSample = Omit<SampleBinding, 'resourcePath' | 'resource'> & {
  readonly table: string;
  readonly schema?: string;
  readonly additionalSql?: string;
};

let databases = 0;

/** Runs the tests on every version, each server started once. */
export function onEveryServer(tests: (server: () => PostgresServer, version: PostgresVersion) => void): void {
  for (const version of postgresVersions) {
    void describe(`PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
      let server: PostgresServer | undefined;
      before(async () => void (server = await startPostgres({ version })));
      after(async () => await server?.[Symbol.asyncDispose]());
      tests(() => {
        assert.ok(server !== undefined);
        return server;
      }, version);
    });
  }
}

export class Sink extends SinkDriver<EndpointConfig, ResourceConfig> implements AsyncDisposable {
  readonly server: PostgresServer;
  readonly database: string;

  private constructor(server: PostgresServer, database: string, given: Readonly<Record<string, unknown>>) {
    const { host, port, user, password } = server;
    const credentials = { auth_type: 'UserPassword', password };
    super(materializePostgres, { address: `${host}:${port}`, user, database, credentials, ...given });
    this.server = server;
    this.database = database;
  }

  static async create(
    server: PostgresServer,
    config: Readonly<Record<string, unknown>> = {},
    database = `sink_${(databases += 1)}`,
    options = '',
  ): Promise<Sink> {
    await server.query(`CREATE DATABASE ${database} ${options}`);
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

  binding(sample: TableSample): MaterializationBindingSpec {
    const { table, schema, additionalSql, ...rest } = sample;
    const resource = {
      table,
      ...(schema === undefined ? {} : { schema }),
      ...(additionalSql === undefined ? {} : { additional_table_create_sql: additionalSql }),
      delta_updates: sample.deltaUpdates ?? false,
    };
    const resourcePath = resourcePathOf(this.resource(resource), this.config);
    return sampleBindingSpec({ ...rest, resource, resourcePath });
  }

  spec(...samples: readonly TableSample[]): MaterializationSpec {
    return sampleMaterialization(...samples.map((sample) => this.binding(sample)));
  }

  validate(spec: MaterializationSpec): Promise<readonly MaterializeValidatedBinding[]> {
    return this.validateSpec(spec);
  }

  /** Returns what was done. */
  apply(spec: MaterializationSpec): Promise<string> {
    return this.applySpec(spec);
  }

  open(spec?: MaterializationSpec, range?: RangeSpec, patience?: LockPatience): Promise<PostgresTransactor> {
    return open(this.session(spec, range), patience);
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
