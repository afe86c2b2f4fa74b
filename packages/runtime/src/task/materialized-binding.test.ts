import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectionsOf } from '@weir/schema';
import type { MaterializationBindingSpec } from '@weir/protocol';
import { ByteRange } from '../combine/byte-range.ts';
import { Combined } from '../combine/combined.ts';
import { MaterializedBinding } from './materialized-binding.ts';

const schema = JSON.stringify({
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'integer' }, op: { type: 'string' } },
  if: { required: ['op'], properties: { op: { const: 'd' } } },
  then: { reduce: { strategy: 'merge', delete: true } },
  else: { reduce: { strategy: 'merge' } },
});

function binding(deltaUpdates: boolean): MaterializedBinding {
  const key = ['/id'];
  const spec: MaterializationBindingSpec = {
    resourceConfig: '{}',
    resourcePath: ['t'],
    collection: {
      name: 'acme/t',
      key,
      uuidPtr: '/_meta/uuid',
      partitionFields: [],
      projections: projectionsOf({ key, schema }),
      writeSchema: schema,
    },
    fieldSelection: { keys: ['id'], values: ['op'], document: 'flow_document', fieldConfig: {} },
    deltaUpdates,
    journalReadSuffix: 'materialize/acme/sink/t',
    priority: 0,
    notBefore: '',
    notAfter: '',
    backfill: 0,
    stateKey: 't',
  };
  return new MaterializedBinding(0, spec);
}

function storeOfLone(target: MaterializedBinding, document: object) {
  const bytes = Buffer.from(JSON.stringify(document));
  target.take(ByteRange.of(bytes));
  return target.storeOf(Combined.of({ binding: 0, key: target.key.latin1(), document: bytes }));
}

test('a deletion that is all there is of a key is stored as a deletion, not as a row', () => {
  const standard = binding(false);
  assert.equal(storeOfLone(standard, { id: 1, op: 'd' }).delete, true);
  assert.equal(storeOfLone(standard, { id: 1, op: 'u' }).delete, false);
});

test('delta updates append a deletion like any other document', () => {
  assert.equal(storeOfLone(binding(true), { id: 1, op: 'd' }).delete, false);
});
