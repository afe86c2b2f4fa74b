import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { schemaAnchor, sourcedSchema, writeSchema } from './document-schema.ts';
import { collectionKey, type TableInfo } from './table-info.ts';

const table: TableInfo = {
  namespace: 'public',
  name: 'my users',
  columns: [
    { name: 'id', nullable: false, schema: { type: 'integer' }, omitted: false, byteOrder: 'always' },
    {
      name: 'Name',
      nullable: true,
      schema: { type: ['string', 'null'] },
      omitted: false,
      byteOrder: 'always',
    },
    {
      name: 'total',
      nullable: true,
      schema: { type: ['integer', 'null'] },
      omitted: true,
      byteOrder: 'always',
    },
    {
      name: 'tags',
      nullable: true,
      schema: { type: ['array', 'null'], items: { type: ['string', 'null'] } },
      omitted: false,
      byteOrder: 'always',
    },
  ],
  primaryKey: ['id'],
  uniqueKey: [],
  uniqueKeys: [['id']],
  isBaseTable: true,
};
const options = { sourceSchema: { type: 'object' }, historyMode: false, inferSchema: true };

describe('document schemas', () => {
  test('the write schema requires the key, leaves out generated columns and deletes on op d', () => {
    const schema = JSON.parse(JSON.stringify(writeSchema(table, options)));
    const row = schema.$defs.PublicMy_Users;
    assert.deepEqual(row.required, ['id']);
    assert.deepEqual(Object.keys(row.properties), ['Name', 'id', 'tags']);
    assert.deepEqual(schema.allOf[0].then, { reduce: { strategy: 'merge', delete: true } });
    assert.deepEqual(schema.allOf[1], { $ref: '#PublicMy_Users' });
    assert.equal(schema['x-infer-schema'], true);
  });

  test('history mode keeps every event by an annotation of the source', () => {
    const schema = JSON.parse(JSON.stringify(writeSchema(table, { ...options, historyMode: true })));
    assert.deepEqual(schema.allOf[0].properties._meta.properties.source.reduce, {
      strategy: 'lastWriteWins',
      associative: false,
    });
  });

  test('the sourced schema requires every column, allows nothing else and no null at the top', () => {
    const schema = JSON.parse(JSON.stringify(sourcedSchema(table, options)));
    const row = schema.$defs.PublicMy_Users;
    assert.deepEqual(row.required, ['Name', 'id', 'tags']);
    assert.deepEqual(row.properties.Name, { type: ['string'] });
    assert.deepEqual(row.properties.tags, { type: ['array'], items: { type: ['string', 'null'] } });
    assert.equal(schema.unevaluatedProperties, false);
    assert.doesNotMatch(JSON.stringify(schema), /reduce/);
  });

  test('an anchor is legal whatever the table is called', () => {
    assert.equal(schemaAnchor({ namespace: 'test', name: 'mytable_1' }), 'TestMytable_1');
    assert.equal(schemaAnchor({ namespace: 'public', name: 'we"ird Täble' }), 'PublicWe_ird_T_ble');
    assert.equal(schemaAnchor({ namespace: '1', name: 'a' }), '_1A');
  });

  test('a key falls back from the primary key to a unique index to the position of the change', () => {
    assert.deepEqual(collectionKey(table).pointers, ['/id']);
    const unique = collectionKey({ ...table, primaryKey: [], uniqueKey: ['Name', 'id'] });
    assert.deepEqual([unique.pointers, unique.isFallback, unique.keyless], [['/Name', '/id'], true, false]);
    const generated = collectionKey({ ...table, primaryKey: ['total'] });
    assert.deepEqual([generated.pointers.length, generated.keyless], [3, true]);
  });
});
