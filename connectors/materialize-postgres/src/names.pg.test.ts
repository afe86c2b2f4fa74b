// Names of tables, columns and enum labels on a real server, whatever they hold and however long they are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAll, transact } from '@weir/testing';
import { onEveryServer, Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, n: { types: ['integer'] } },
};

onEveryServer((server) => {
  test('names and texts of any kind can be names and comments, and nothing more', async () => {
    await using sink = await Sink.create(server());
    const hostile = [
      `a"; DROP TABLE victim; --`,
      `it's`,
      'back\\slash',
      ' leading and trailing ',
      '$dollar$signs',
      'testing (%s)',
      '/* comment',
      '123',
      'UPPER',
      'upper',
      'select',
      '\u{10000}\u{2f9f4}\ufffd',
      'tab\tnew\nline',
      `'); DROP TABLE victim; --`,
      String.raw`\'; DROP TABLE victim; --`,
    ];
    const table: TableSample = {
      table: `t"; DROP TABLE victim; --`,
      schema: `s"; DROP TABLE victim; --'`,
      keys: ['k"ey\\', 'second'],
      fields: {
        'k"ey\\': { types: ['string'] },
        second: { types: ['string'] },
        ...Object.fromEntries(
          hostile.map((name) => [
            name,
            {
              types: ['string'],
              enum: [`x'y`, String.raw`\'`, name],
              title: name,
              description: `${name}\\`,
            },
          ]),
        ),
      },
    };
    await sink.query('CREATE TABLE victim (id int)');
    await using session = await sink.start(table);
    const names = [...hostile].sort((a, b) => (a < b ? -1 : 1));
    const row = { key: [`'; DROP TABLE victim`, '\\N'], values: names };
    await transact(session, 1, [{ ...row, doc: '{"a":1}' }]);
    await transact(session, 2, [{ ...row, exists: true, doc: '{"a":"\\\\"}' }]);
    assert.deepEqual(await loadAll(session, [row.key]), ['{"a":"\\\\"}']);
    const [stored] = await sink.query(
      `SELECT * FROM "s""; DROP TABLE victim; --'"."t""; DROP TABLE victim; --"`,
    );
    for (const name of hostile) assert.equal(stored?.[name], name);
    assert.equal(await sink.apply(sink.lastSpec), '');
    assert.deepEqual(await sink.query('SELECT * FROM victim'), []);
  });

  test('fields and tables that are the same in their first 63 bytes are told apart or refused', async () => {
    await using sink = await Sink.create(server());
    const long = `${'x'.repeat(61)}ä`;
    const spec = sink.spec({
      table: 't',
      fields: {
        id: { types: ['integer'] },
        [`${long}1`]: { types: ['string'] },
        [`${long}2`]: { types: ['string'] },
      },
    });
    const [validated] = await sink.validate(spec);
    const folded = validated?.constraints.filter(({ constraint }) => constraint.foldedField !== '');
    assert.deepEqual(
      folded?.map(({ constraint }) => constraint.foldedField),
      [long, long],
    );
    await assert.rejects(sink.apply(spec), { code: 'SQL_COLUMNS_COLLIDE' });
    const two = sink.spec({ ...things, table: `${long}1` }, { ...things, table: `${long}2` });
    await assert.rejects(sink.validate(two), { code: 'MATERIALIZE_RESOURCE_AMBIGUOUS' });
    const one = sink.spec({
      table: `${long}1`,
      fields: { id: { types: ['integer'] }, [`${long}1`]: { types: ['string'] } },
    });
    await using session = await sink.start({
      table: `${long}1`,
      fields: { id: { types: ['integer'] }, [`${long}1`]: { types: ['string'] } },
    });
    await transact(session, 1, [{ key: [1], values: ['kept'] }]);
    await transact(session, 2, [{ key: [1], values: ['again'], exists: true }]);
    assert.equal(await sink.apply(one), '');
    await assert.rejects(sink.validate(sink.spec({ ...things, table: 'flow_checkpoints_v1' })), {
      code: 'PG_TABLE_NAME',
    });
  });
});
