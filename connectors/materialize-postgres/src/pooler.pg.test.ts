// A real PgBouncer between: transactions that are handed around are refused, sessions are not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  loadAll,
  missingPgBouncer,
  missingPostgres,
  startPgBouncer,
  startPostgres,
  transact,
} from '@weir/testing';
import { Sink, type TableSample } from '../test/sink.ts';
import { openServer } from './server.ts';

const table: TableSample = { table: 't', fields: { id: { types: ['integer'] }, v: { types: ['string'] } } };
/** What people tell a pooler when a client is refused for its settings. */
const lenient = {
  ignore_startup_parameters:
    'extra_float_digits,bytea_output,statement_timeout,lock_timeout,DateStyle,IntervalStyle,TimeZone',
};

test(
  'what the session before has left in a session of the server, which a pooler did not reset, is no obstacle',
  { skip: missingPostgres(18) || missingPgBouncer() },
  async () => {
    await using server = await startPostgres({ version: 18 });
    await using direct = await Sink.create(server);
    const settings = { pool_mode: 'session', server_reset_query: '', default_pool_size: '3' };
    await using pooler = await startPgBouncer(server, { ...lenient, ...settings });
    const behind = direct.with({ address: pooler.address });
    {
      // Of another task, in every session of the server that the pooler has.
      await using way = await openServer(behind.config, behind.context);
      await using others = new AsyncDisposableStack();
      for (let count = 0; count < 3; count += 1) {
        const other = others.use(await way.connect());
        for (const staging of ['load', 'store', 'delete'])
          await other.query(`CREATE TEMPORARY TABLE flow_temp_${staging}_0 (other int)`);
      }
    }
    await direct.apply(direct.spec(table));
    behind.last = direct.last;
    await using session = await behind.open();
    for (const offset of [1, 2]) {
      assert.equal((await loadAll(session, [[1]])).length, offset - 1);
      await transact(session, offset, [{ key: [1], values: [`v${offset}`], exists: offset > 1 }]);
    }
    assert.deepEqual(await direct.query('SELECT id, v FROM t'), [{ id: '1', v: 'v2' }]);
  },
);

test(
  'a pooler that hands transactions around is told before a table is written to; one that keeps sessions will do',
  { skip: missingPostgres(18) || missingPgBouncer() },
  async () => {
    await using server = await startPostgres({ version: 18 });
    await using direct = await Sink.create(server);
    const spec = direct.spec(table);
    for (const more of [{}, { server_round_robin: '1' }, { default_pool_size: '3', min_pool_size: '3' }]) {
      await using pooler = await startPgBouncer(server, { ...lenient, ...more });
      const behind = direct.with({ address: pooler.address });
      await assert.rejects(behind.validate(spec), {
        code: 'PG_POOLER',
        fix: /Set \/address to the server itself/,
      });
      await direct.apply(spec);
      behind.last = direct.last;
      await assert.rejects(behind.open(), { code: 'PG_POOLER' }, JSON.stringify(more));
    }
    await using pooler = await startPgBouncer(server, { ...lenient, pool_mode: 'session' });
    const behind = direct.with({ address: pooler.address });
    await behind.validate(spec);
    await using session = await behind.open();
    for (let offset = 1; offset < 4; offset += 1) {
      await loadAll(session, [[1]]);
      await transact(session, offset, [{ key: [1], values: [`v${offset}`], exists: offset > 1 }]);
    }
    assert.deepEqual(await direct.query('SELECT id, v FROM t'), [{ id: '1', v: 'v3' }]);
  },
);
