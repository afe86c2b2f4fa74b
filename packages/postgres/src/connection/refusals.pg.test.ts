// Servers, and a pooler, that answer a connection with no.

import {
  missingPgBouncer,
  missingPostgres,
  postgresVersions,
  startPgBouncer,
  startPostgres,
  type PostgresServer,
  until,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WeirError } from '@weir/protocol';
import { Secret } from '@weir/schema';
import { sessionSettings } from '../index.ts';
import { connectTo, type ConnectionPurpose } from './connect-to.ts';
import { queryError } from './query-error.ts';
import { SqlSession } from './sql-session.ts';

function explained(error: unknown): string {
  return error instanceof WeirError ? error.explain() : `not coded: ${String(error)}`;
}

for (const version of postgresVersions) {
  describe(`refusals of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ version, settings: { max_wal_senders: '1', max_connections: '12' } });
      await server.query(`CREATE ROLE few LOGIN REPLICATION CONNECTION LIMIT 1 PASSWORD 'postgres';
                          CREATE ROLE usual LOGIN REPLICATION PASSWORD 'postgres';
                          GRANT CREATE ON DATABASE postgres TO few`);
      await server.query('CREATE DATABASE narrow CONNECTION LIMIT 1');
      await server.query('CREATE DATABASE closed ALLOW_CONNECTIONS false');
    });
    after(async () => server[Symbol.asyncDispose]());

    interface Attempt extends Pick<ConnectionPurpose, 'replication'> {
      readonly user?: string;
      readonly database?: string;
      readonly address?: string;
    }
    const open = ({
      user = 'usual',
      database = 'postgres',
      address = server.address,
      replication,
    }: Attempt) =>
      connectTo({
        address,
        user,
        database,
        credentials: { auth_type: 'UserPassword', password: new Secret('postgres') },
        advanced: {},
      })({
        applicationName: 'weir test',
        settings: sessionSettings,
        ...(replication === undefined ? {} : { replication }),
      });
    async function refusal(attempt: Attempt): Promise<string> {
      try {
        await using _connection = await open(attempt);
      } catch (error) {
        assert.ok(error instanceof WeirError, String(error));
        return error.explain();
      }
      assert.fail('a connection was made');
    }

    test('each limit of connections has the statement that raises it', async () => {
      await using _few = await open({ user: 'few' });
      assert.match(
        await refusal({ user: 'few' }),
        /^PG_TOO_MANY_CONNECTIONS: .*\n.*ALTER ROLE "few" CONNECTION LIMIT -1;/,
      );
      await using _narrow = await open({ database: 'narrow' });
      assert.match(
        await refusal({ database: 'narrow' }),
        /^PG_TOO_MANY_CONNECTIONS: .*\n.*ALTER DATABASE "narrow" CONNECTION LIMIT -1;/,
      );
      await using _sender = await open({ replication: 'database' });
      assert.match(
        await refusal({ replication: 'database' }),
        /^PG_TOO_MANY_CONNECTIONS: .*max_wal_senders.*\nRaise max_wal_senders and restart/,
      );
    });

    test('a server that is full is told as such', async () => {
      await using opened = new AsyncDisposableStack();
      const fill = async (): Promise<string> => {
        for (let connections = 0; connections < 20; connections += 1) {
          try {
            opened.use(await open({}));
          } catch (error) {
            assert.ok(error instanceof WeirError, String(error));
            return error.explain();
          }
        }
        assert.fail('the server has no limit');
      };
      assert.match(await fill(), /^PG_TOO_MANY_CONNECTIONS: .*\nRaise max_connections/);
    });

    test('a database that the user may not enter has the grant', async () => {
      await server.query('CREATE DATABASE "Private"; ');
      await server.query('REVOKE CONNECT ON DATABASE "Private" FROM PUBLIC');
      assert.match(
        await refusal({ database: 'Private' }),
        /^PG_CONNECT_DENIED: the user "usual" may not connect to the database "Private"\nRun: GRANT CONNECT ON DATABASE "Private" TO "usual";$/,
      );
    });

    test('a server that shuts down, and a session that it ends, are told, and tried again', async () => {
      await using own = await startPostgres({ version });
      const endpoint = { user: 'postgres', address: own.address };
      await using session = new SqlSession(() => open(endpoint));
      const { processId } = await session.connection();
      const ended = session.query('cannot wait', 'SELECT pg_sleep(600)').catch((error: unknown) => error);
      await own.query(`SELECT pg_terminate_backend(${processId})`);
      assert.match(explained(await ended), /^PG_SERVER_UNAVAILABLE: cannot wait: .*57P01/);

      await using held = await own.connect();
      await using watcher = await own.connect();
      const stopping = own.stop('smart');
      await until('new connections to be refused', async () => {
        const text = await refusal(endpoint).catch(() => '');
        return /^PG_SERVER_UNAVAILABLE: .*shutting down\nWait; the task starts again by itself/.test(text);
      });
      const cut = held.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
      // A server process that still waits for its query would tell of the end of its server.
      await until('the query to run', async () => {
        const { rows } = await watcher.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
        return rows.length === 1;
      });
      await own.kill9();
      assert.match(explained(queryError(await cut, 'cannot wait')), /^PG_CONNECTION_LOST: cannot wait: /);
      await stopping.catch(() => undefined);
    });

    test('any other answer of the server is told with what it said', async () => {
      assert.match(
        await refusal({ database: 'closed' }),
        /^PG_CONNECT_REFUSED: .*not currently accepting connections\nThe message of the server says why/,
      );
    });

    test('a pooler is known by what it does not pass on', { skip: missingPgBouncer() }, async () => {
      await using pooler = await startPgBouncer(server);
      for (const attempt of [{}, { replication: 'database' }] as const) {
        assert.match(
          await refusal({ ...attempt, user: 'postgres', address: pooler.address }),
          /^PG_POOLER: .*unsupported startup parameter.*\nSet \/address to the server itself/,
        );
      }
    });
  });
}
