// Tables whose policies decide which rows the user sees: what it cannot see it can neither remove nor replace, and is told.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { checkpointAt, loadAll, transact } from '@weir/testing';
import { onEveryServer, Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

const showsAll = 'CREATE POLICY every ON t USING (true)';

/** The policies of each, and whether they may hide rows from a DELETE and from an UPDATE of the owner. */
const cases: readonly { readonly policies: string; readonly hides: readonly ('delete' | 'update')[] }[] = [
  { policies: showsAll, hides: [] },
  { policies: '', hides: ['delete', 'update'] },
  { policies: 'CREATE POLICY few ON t USING (id > 10)', hides: ['delete', 'update'] },
  { policies: `${showsAll}; CREATE POLICY few ON t USING (id > 10)`, hides: [] },
  {
    policies: `${showsAll}; CREATE POLICY few ON t AS RESTRICTIVE USING (id > 10)`,
    hides: ['delete', 'update'],
  },
  {
    policies: `${showsAll}; CREATE POLICY few ON t AS RESTRICTIVE FOR DELETE USING (id > 10)`,
    hides: ['delete'],
  },
  {
    policies: `${showsAll}; CREATE POLICY few ON t AS RESTRICTIVE FOR UPDATE USING (id > 10)`,
    hides: ['update'],
  },
  {
    policies: `${showsAll}; CREATE POLICY few ON t AS RESTRICTIVE FOR INSERT WITH CHECK (id > 10)`,
    hides: [],
  },
  { policies: `${showsAll}; CREATE POLICY few ON t AS RESTRICTIVE TO nobody USING (id > 10)`, hides: [] },
  { policies: 'CREATE POLICY every ON t TO nobody USING (true)', hides: ['delete', 'update'] },
  { policies: 'CREATE POLICY every ON t FOR SELECT USING (true)', hides: ['delete', 'update'] },
  {
    policies:
      'CREATE POLICY seen ON t FOR SELECT USING (true); CREATE POLICY gone ON t FOR DELETE USING (true)',
    hides: ['update'],
  },
];

onEveryServer((server) => {
  before(async () => {
    await server().query('CREATE ROLE nobody');
  });
  /** Over a database of its own, by a user who owns the table and is subject to its policies. */
  async function secured(sink: Sink): Promise<(hardDelete: boolean) => Sink> {
    const role = `owner_${sink.database}`;
    await server().query(`CREATE ROLE ${role} LOGIN PASSWORD 'secured'`);
    await sink.apply(sink.spec(things));
    await sink.query(`
      ALTER TABLE t OWNER TO ${role};
      ALTER TABLE t ENABLE ROW LEVEL SECURITY;
      ALTER TABLE t FORCE ROW LEVEL SECURITY;
      GRANT SELECT, INSERT, UPDATE ON flow_checkpoints_v1 TO ${role}`);
    const credentials = { auth_type: 'UserPassword', password: 'secured' };
    return (hardDelete) => sink.with({ user: role, credentials, hardDelete });
  }

  test('hard deletes in a table whose policies may hide rows are refused by Validate and by a session; other tables warn', async () => {
    await using sink = await Sink.create(server());
    const over = await secured(sink);
    const [hard, soft] = [over(true), over(false)];
    const spec = sink.spec(things);
    for (const { policies, hides } of cases) {
      await sink.query(`DROP POLICY IF EXISTS every ON t; DROP POLICY IF EXISTS few ON t;
        DROP POLICY IF EXISTS seen ON t; DROP POLICY IF EXISTS gone ON t; ${policies}`);
      const message = /hide rows of "public"\."t".* would stay/;
      if (hides.includes('delete')) {
        await assert.rejects(hard.validate(spec), { code: 'CONNECTOR_PREREQUISITES', message }, policies);
        await assert.rejects(hard.open(), { code: 'PG_ROWS_HIDDEN', message }, policies);
      } else {
        await hard.validate(spec);
        await using _session = await hard.open();
      }
      soft.logs.length = 0;
      await soft.validate(spec);
      const warned = soft.logs.filter(
        ({ level, message }) => level === 'warn' && /may hide rows/.test(message),
      );
      assert.equal(warned.length, hides.includes('update') ? 1 : 0, policies);
      await using _session = await soft.open();
    }
    await sink.query(`DROP OWNED BY owner_${sink.database}`);
  });

  test('a row that is hidden and has to be changed stops the task with what to do about policies', async () => {
    await using sink = await Sink.create(server());
    const soft = (await secured(sink))(false);
    await sink.query(`CREATE POLICY few ON t USING (id > 10) WITH CHECK (true)`);
    await sink.query(`INSERT INTO t VALUES (1, 'old', '{}')`);
    await using session = await soft.open();
    await assert.rejects(transact(session, 1, [{ key: [1], values: ['new'], exists: true }]), {
      code: 'PG_WRITE_DENIED',
      message: /row-level security policy/,
      fix: /USING \(true\) WITH CHECK \(true\)/,
    });
    await sink.query(`DROP OWNED BY owner_${sink.database}`);
  });

  const hides = 'CREATE POLICY few ON t USING (id > 10)';
  for (const [what, before, policies] of [
    [
      'secured',
      'ALTER TABLE t DISABLE ROW LEVEL SECURITY',
      `ALTER TABLE t ENABLE ROW LEVEL SECURITY; ${hides}`,
    ],
    ['secured in another way', showsAll, `DROP POLICY every ON t; ${hides}`],
  ] as const) {
    test(`a table that is ${what} while a session is open ends it at its next commit, whether or not it removes rows`, async () => {
      for (const stores of [[], [{ key: [1], delete: true, exists: true }]]) {
        await using sink = await Sink.create(server());
        const hard = (await secured(sink))(true);
        await sink.query(before);
        const rows = [1, 11].map((id) => ({ key: [id], values: ['a'] }));
        {
          await using session = await hard.open();
          await transact(session, 1, rows);
          await sink.query(policies);
          // What is hidden is not loaded, and so does not exist to whoever asks for its removal.
          assert.deepEqual(await loadAll(session, [[1], [11]]), ['{}']);
          await assert.rejects(transact(session, 2, stores), {
            code: 'PG_ROWS_HIDDEN',
            message: /a row whose document is deleted would stay/,
          });
        }
        await sink.query(`DROP POLICY few ON t; ${showsAll}`);
        await using next = await hard.open();
        assert.deepEqual(next.checkpoint, checkpointAt(1));
        assert.equal((await sink.query('SELECT FROM t')).length, 2);
        await sink.query(`DROP OWNED BY owner_${sink.database}`);
      }
    });
  }

  test('without a unique index over the key, a table whose policies may hide rows is refused: rows would be doubled', async () => {
    await using sink = await Sink.create(server());
    const soft = (await secured(sink))(false);
    await sink.query(`ALTER TABLE t DROP CONSTRAINT t_pkey; CREATE POLICY few ON t USING (id > 10)`);
    const message = /beside its new form/;
    await assert.rejects(soft.open(), { code: 'PG_ROWS_HIDDEN', message });
    soft.last = sink.lastSpec;
    for (const spec of [sink.lastSpec, sink.spec({ ...things, keys: ['v'] })])
      await assert.rejects(soft.validate(spec), { code: 'CONNECTOR_PREREQUISITES', message });
    // A backfill may make the table anew.
    await soft.validate(sink.spec({ ...things, backfill: 1 }));
    await sink.query('DROP POLICY few ON t; CREATE POLICY every ON t USING (true)');
    await using session = await soft.open();
    for (const offset of [1, 2])
      await transact(session, offset, [{ key: [1], values: [`${offset}`], exists: offset === 2 }]);
    assert.deepEqual(await sink.query('SELECT id, v FROM t'), [{ id: '1', v: '2' }]);
    await sink.query(`DROP OWNED BY owner_${sink.database}`);
  });
});
