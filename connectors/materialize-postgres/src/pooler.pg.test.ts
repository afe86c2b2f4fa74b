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

const table: TableSample = { table: 't', fields: { id: { types: ['integer'] }, v: { types: ['string'] } } };
/** What people tell a pooler when a client is refused for its settings. */
const lenient = {
  ignore_startup_parameters:
    'extra_float_digits,bytea_output,statement_timeout,lock_timeout,DateStyle,IntervalStyle,TimeZone',
};

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
