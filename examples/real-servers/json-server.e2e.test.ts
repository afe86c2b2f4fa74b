import { test } from 'node:test';
import { converges } from './converge.ts';
import { jsonServer } from './json-server.ts';
import { missingNpm, NpmServer } from './npm-server.ts';

const packages = ['json-server@0.17.4'];

test(
  'json-server: orders that are made and changed while they are read end equal to the table',
  { skip: missingNpm('json-server', packages) },
  async () => {
    await using server = await NpmServer.start('json-server', packages);
    const now = (): string => new Date().toISOString();
    await converges({
      api: jsonServer,
      config: { url: server.url, credentials: { access_token: 'none' } },
      stream: 'orders',
      key: ['/id'],
      changes: 60,
      change: (step) =>
        step % 3 === 2
          ? server.ask('PATCH', `/orders/${Math.ceil(step / 4)}`, { total: step, updated_at: now() })
          : server.ask('POST', '/orders', { total: step, updated_at: now() }),
      table: async () => (await server.ask('GET', '/orders')) as object[],
    });
  },
);
