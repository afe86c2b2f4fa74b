import { test } from 'node:test';
import { missingPostgres, startPostgres } from '@weir/testing';
import { converges } from './converge.ts';
import { missingNpm, NpmServer } from './npm-server.ts';
import { postgraphile } from './postgraphile.ts';

const packages = ['postgraphile@4.14.1'];
const skip = missingPostgres(18) || missingNpm('postgraphile', packages);

test(
  'PostGraphile: rows that are made, changed and deleted while they are read end equal to the table',
  { skip },
  async () => {
    await using database = await startPostgres({ version: 18 });
    await database.query('CREATE TABLE people (id int PRIMARY KEY, name text)');
    const [host, port] = database.address.split(':');
    const url = `postgres://${database.user}:${encodeURIComponent(database.password)}@${host}:${port}/${database.database}`;
    await using server = await NpmServer.start('postgraphile', packages, url);
    await converges({
      api: postgraphile,
      config: { url: server.url, credentials: { access_token: 'none' } },
      stream: 'people',
      key: ['/_meta/row_id'],
      changes: 60,
      change: (step) =>
        database.query(
          step % 5 === 4
            ? `DELETE FROM people WHERE id = ${step - 3}`
            : step % 3 === 2
              ? `UPDATE people SET name = 'n${step}' WHERE id % 7 = ${step % 7}`
              : `INSERT INTO people VALUES (${step}, 'p${step}')`,
        ),
      table: async () => {
        const body = { query: '{ allPeople { nodes { id name } } }' };
        const said = (await server.ask('POST', '/graphql', body)) as {
          data: { allPeople: { nodes: object[] } };
        };
        return said.data.allPeople.nodes;
      },
    });
  },
);
