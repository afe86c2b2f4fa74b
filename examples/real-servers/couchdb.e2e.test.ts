import { test } from 'node:test';
import { converges } from './converge.ts';
import { couchdb } from './couchdb.ts';
import { missingNpm, NpmServer } from './npm-server.ts';

const plugins = ['core', 'adapter-memory', 'mapreduce', 'replication', 'find'];
const packages = ['express-pouchdb@4.2.0', ...plugins.map((plugin) => `pouchdb-${plugin}@7.3.1`)];

interface Doc {
  readonly _id: string;
  readonly _rev: string;
}

test(
  'PouchDB’s server: documents that are made, changed and deleted while they are read end equal to the database',
  { skip: missingNpm('pouchdb', packages) },
  async () => {
    await using server = await NpmServer.start('pouchdb', packages);
    await server.ask('PUT', '/orders');
    const all = async (): Promise<Doc[]> => {
      const { rows } = (await server.ask('GET', '/orders/_all_docs?include_docs=true')) as {
        rows: { doc: Doc }[];
      };
      return rows.map(({ doc }) => doc);
    };
    const change = async (step: number): Promise<void> => {
      if (step % 3 !== 2) {
        await server.ask('PUT', `/orders/o${step}`, { total: step });
        return;
      }
      const docs = await all();
      const { _id: id, _rev: rev } = docs[step % docs.length] ?? { _id: '', _rev: '' };
      if (step % 2 === 0) await server.ask('DELETE', `/orders/${id}?rev=${rev}`);
      else await server.ask('PUT', `/orders/${id}`, { _rev: rev, total: step });
    };
    await converges({
      api: couchdb,
      config: { url: server.url, credentials: { username: 'me', password: 'none' } },
      stream: 'orders',
      key: ['/_id'],
      changes: 60,
      change,
      table: all,
    });
  },
);
