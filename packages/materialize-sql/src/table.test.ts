import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleBindingSpec } from '@weir/testing';
import type { Dialect } from './dialect.ts';
import { tableOf } from './table.ts';

const dialect: Dialect<undefined> = {
  name: 'a dialect',
  quoteIdentifier: (name) => `"${name}"`,
  quoteLiteral: (text) => `'${text}'`,
  serverName: (name) => name,
  locate: (path) => path,
  columnType: ({ inference }) =>
    inference.types.includes('null') ? undefined : { ddl: 'TEXT', convert: undefined },
  migrations: [],
  caseInsensitiveFields: false,
  caseInsensitiveTables: false,
  maxFieldLength: 0,
  canTruncate: true,
};

const binding = sampleBindingSpec({
  resourcePath: ['t'],
  resource: {},
  fields: { id: { types: ['integer'] }, nothing: { types: ['null'] } },
});

test('a selected field that the collection does not have, or that no column can hold, is refused by its name', () => {
  const selecting = (values: readonly string[]) => ({
    ...binding,
    fieldSelection: { ...binding.fieldSelection, values },
  });
  assert.deepEqual(
    tableOf(selecting([]), dialect).columns.map(({ identifier }) => identifier),
    ['"id"', '"flow_document"'],
  );
  assert.throws(() => tableOf(selecting(['other']), dialect), {
    code: 'SQL_FIELD_UNKNOWN',
    message: /no field other/,
  });
  assert.throws(() => tableOf(selecting(['nothing']), dialect), {
    code: 'SQL_FIELD_UNSUPPORTED',
    message: /field nothing/,
  });
});
