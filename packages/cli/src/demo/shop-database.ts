// The demo's source: a PostgreSQL of its own below the demo's folder, with the shop in it.

import { connect, type PgConnection } from '@weir/pgwire';
import {
  embeddedBinaries,
  freePort,
  PostgresCluster,
  PostgresServerError,
  reachableDirectory,
  unprivilegedUser,
} from '@weir/postgres-server';
import { readFileSync } from 'node:fs';
import { errors } from '../errors.ts';

const adminPassword = 'shop-admin';

export interface ShopOptions {
  readonly folder: string;
  /** 0: one that is free. */
  readonly port: number;
  readonly shopSql: URL;
  readonly say: (line: string) => void;
}

export class ShopDatabase implements AsyncDisposable {
  readonly #cluster: PostgresCluster;
  /** Made by this start, not found. */
  readonly isNew: boolean;

  constructor(cluster: PostgresCluster, isNew: boolean) {
    this.#cluster = cluster;
    this.isNew = isNew;
  }

  /** Makes the cluster and the shop unless they exist, and starts the server. */
  static async start({ folder, port, shopSql, say }: ShopOptions): Promise<ShopDatabase> {
    const binDirectory = embeddedBinaries();
    if (binDirectory === undefined) {
      throw errors.DEMO_NO_POSTGRES({
        message: `npm has no PostgreSQL for ${process.platform}-${process.arch}, so the demo cannot run here.`,
      });
    }
    const dataDirectory = reachableDirectory(folder, unprivilegedUser());
    if (dataDirectory !== folder)
      say(
        `PostgreSQL does not run as root and nobody else can reach ${folder}; its data is in ${dataDirectory}`,
      );
    const cluster = new PostgresCluster({
      binDirectory,
      dataDirectory,
      port: port === 0 ? await freePort() : port,
      password: adminPassword,
      settings: { wal_level: 'logical', timezone: 'UTC' },
    });
    const isNew = cluster.initialize();
    await startCluster(cluster);
    const database = new ShopDatabase(cluster, isNew);
    try {
      await database.#createShop(shopSql);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return database;
  }

  get port(): number {
    return this.#cluster.port;
  }

  async #createShop(shopSql: URL): Promise<void> {
    await using connection = await this.connect();
    const { rows } = await connection.query(
      `SELECT 1 FROM pg_publication WHERE pubname = 'flow_publication'`,
    );
    if (rows.length > 0) return;
    // One message, so one transaction: a shop that was begun and not finished is not there.
    await connection.query(readFileSync(shopSql, 'utf8'));
  }

  connect(): Promise<PgConnection> {
    const { user, port } = this.#cluster;
    return connect({
      host: '127.0.0.1',
      port,
      user,
      password: adminPassword,
      database: 'postgres',
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster.stop();
  }
}

async function startCluster(cluster: PostgresCluster): Promise<void> {
  try {
    await cluster.start();
  } catch (cause) {
    if (!(cause instanceof PostgresServerError) || !cause.message.includes('Address already in use'))
      throw cause;
    throw errors.DEMO_PORT_TAKEN({
      message: `Another program listens on port ${cluster.port} of this machine, which the shop's PostgreSQL needs.`,
      cause,
    });
  }
}
