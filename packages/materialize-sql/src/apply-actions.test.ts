// The statements of plans, for a dialect of these tests alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IDENTICAL_NAMING, InfoSchema } from '@weir/materialize';
import type { MaterializationSpec, Projection } from '@weir/protocol';
import { applyActions, describeActions, type TableTemplates } from './apply-actions.ts';
import { columnDefinition, type TableWords } from './create-table.ts';
import type { Dialect } from './dialect.ts';
import { endpointRules } from './endpoint-rules.ts';

const dialect: Dialect<string> = {
  name: 'Plain',
  quoteIdentifier: (name) => `"${name.replaceAll('"', '""')}"`,
  quoteLiteral: (text) => `'${text.replaceAll("'", "''")}'`,
  serverName: (name) => name,
  locate: (path) => path,
  columnType: ({ inference }) => ({ ddl: inference.types[0] === 'integer' ? 'INT' : 'TEXT', convert: '' }),
  migrations: [{ from: ['int'], to: ['TEXT'], cast: (column) => `str(${column})` }],
  caseInsensitiveFields: false,
  caseInsensitiveTables: false,
  maxFieldLength: 0,
  canTruncate: true,
};

function templates(comments: TableWords['comments']): TableTemplates<string> {
  const words: TableWords = { create: 'CREATE TABLE IF NOT EXISTS', tail: '', comments };
  return {
    words,
    createNamespace: (name) => `CREATE SCHEMA ${name}`,
    truncate: ({ identifier }) => `TRUNCATE ${identifier}`,
    alter: ({ table, add, dropNotNull, migrate, newlyDelta }) => [
      ...add.map((column) => `ADD ${columnDefinition(column, dialect, words, false)}`),
      ...dropNotNull.map(({ name }) => `NULLABLE ${name}`),
      ...migrate.map(({ column, cast }) => `CHANGE ${column.field} TO ${cast(column.identifier)}`),
      ...(newlyDelta ? [`UNKEY ${table.identifier}`] : []),
    ],
  };
}

function projection(field: string, type: 'integer' | 'string', title = ''): Projection {
  return {
    ptr: field === 'flow_document' ? '' : `/${field}`,
    field,
    explicit: false,
    isPartitionKey: false,
    isPrimaryKey: field === 'id',
    inference: { types: [type], title, description: '', secret: false, exists: 'MUST', enum: [] },
  };
}

function spec(fields: readonly Projection[], backfill = 0): MaterializationSpec {
  return {
    name: 'acme/sink',
    connectorType: 'IMAGE',
    config: '{}',
    inactiveBindings: [],
    bindings: [
      {
        resourceConfig: '{}',
        resourcePath: ['s', 't'],
        collection: {
          name: 'acme/things',
          key: ['/id'],
          uuidPtr: '',
          partitionFields: [],
          projections: [projection('id', 'integer'), ...fields, projection('flow_document', 'string')],
          writeSchema: '{}',
        },
        fieldSelection: {
          keys: ['id'],
          values: fields.map(({ field }) => field),
          document: 'flow_document',
          fieldConfig: {},
        },
        deltaUpdates: false,
        journalReadSuffix: '',
        priority: 0,
        notBefore: '',
        notAfter: '',
        backfill,
        stateKey: '',
      },
    ],
  };
}

const column = (name: string, type: string, nullable = false) => ({
  name,
  type,
  nullable,
  characterMaxLength: 0,
  hasDefault: false,
});

function statements(
  next: MaterializationSpec,
  last: MaterializationSpec | undefined,
  columns: readonly ReturnType<typeof column>[] | undefined,
  comments: TableWords['comments'] = 'none',
): string {
  const resources = [
    ...(columns === undefined ? [] : [{ location: ['s', 't'], fields: columns }]),
    ...(columns === undefined ? [] : [{ location: ['s', 'flow_checkpoints_v1'], fields: [] }]),
  ];
  const info = new InfoSchema(IDENTICAL_NAMING, {
    namespaces: columns === undefined ? [] : ['s'],
    resources,
  });
  return describeActions(
    applyActions(next, last, info, {
      dialect,
      templates: templates(comments),
      rules: endpointRules(dialect),
      checkpointsNamespaces: ['s'],
      additionalSql: () => 'GRANT ALL',
      warn: (message) => assert.fail(message),
    }),
  );
}

const whole = [column('id', 'INT'), column('n', 'INT'), column('flow_document', 'TEXT')];

test('namespaces and the checkpoints table come before the tables, and what the user adds behind each of them', () => {
  assert.equal(
    statements(spec([projection('n', 'integer', "it's")]), undefined, undefined, 'statements'),
    `CREATE SCHEMA "s";
CREATE TABLE IF NOT EXISTS "s"."flow_checkpoints_v1" (
  "materialization" TEXT NOT NULL,
  "key_begin" INT NOT NULL,
  "key_end" INT NOT NULL,
  "fence" INT NOT NULL,
  "checkpoint" TEXT NOT NULL,
  PRIMARY KEY ("materialization", "key_begin", "key_end")
);
COMMENT ON TABLE "s"."flow_checkpoints_v1" IS 'Positions of materializations, kept together with the rows they write';
COMMENT ON COLUMN "s"."flow_checkpoints_v1"."materialization" IS 'The name of the materialization';
COMMENT ON COLUMN "s"."flow_checkpoints_v1"."key_begin" IS 'Least key hash of the range, inclusive';
COMMENT ON COLUMN "s"."flow_checkpoints_v1"."key_end" IS 'Greatest key hash of the range, inclusive';
COMMENT ON COLUMN "s"."flow_checkpoints_v1"."fence" IS 'Raised by each session; older ones cannot commit';
COMMENT ON COLUMN "s"."flow_checkpoints_v1"."checkpoint" IS 'The position of the last commit, as base64 of protobuf';
CREATE TABLE IF NOT EXISTS "s"."t" (
  "id" INT NOT NULL,
  "n" INT NOT NULL,
  "flow_document" TEXT NOT NULL,
  PRIMARY KEY ("id")
);
COMMENT ON TABLE "s"."t" IS 'Generated for materialization acme/sink of collection acme/things';
COMMENT ON COLUMN "s"."t"."id" IS 'auto-generated projection of JSON at: /id with inferred types: [integer]';
COMMENT ON COLUMN "s"."t"."n" IS 'it''s
auto-generated projection of JSON at: /n with inferred types: [integer]';
COMMENT ON COLUMN "s"."t"."flow_document" IS 'auto-generated projection of JSON at: <root> with inferred types: [string]';
GRANT ALL;`,
  );
});

test('comments may stand within the definitions', () => {
  const made = statements(spec([projection('n', 'integer')]), undefined, undefined, 'inline');
  assert.match(made, /"n" INT NOT NULL COMMENT 'auto-generated projection/);
  assert.match(made, /\) COMMENT = 'Generated for materialization acme\/sink of collection acme\/things';/);
});

test('a table that is as the spec wants it needs nothing', () => {
  const same = spec([projection('n', 'integer')]);
  assert.equal(statements(same, same, whole), '');
});

test('columns are added and changed; what is no longer selected becomes nullable', () => {
  const before = spec([projection('n', 'integer'), projection('old', 'integer')]);
  const after = spec([projection('n', 'string'), projection('added', 'string')]);
  assert.equal(
    statements(after, before, [...whole, column('old', 'INT')]),
    'ADD "added" TEXT;\nNULLABLE old;\nCHANGE n TO str("n");',
  );
});

test('a backfill truncates, or drops and makes anew where the key has changed', () => {
  const before = spec([projection('n', 'integer')]);
  assert.equal(statements(spec([projection('n', 'integer')], 1), before, whole), 'TRUNCATE "s"."t";');
  const other = [column('id', 'BLOB'), ...whole.slice(1)];
  assert.match(
    statements(spec([projection('n', 'integer')], 1), before, other),
    /^DROP TABLE "s"."t";\nCREATE TABLE IF NOT EXISTS "s"."t" \([^;]*;\nGRANT ALL;$/,
  );
});
