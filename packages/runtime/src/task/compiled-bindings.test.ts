import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { ledgerCollection, ledgerMaterialization, ledgerSchema } from '../../test/scripted/ledger.ts';
import { CompiledBindings } from './compiled-bindings.ts';
import { openEnvironment } from './task-environment.ts';

test('a binding is compiled again when anything in its specification has changed, and only then', () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const compiled = new CompiledBindings(environment.store);
  const specs = (schema: object) => [
    ...ledgerMaterialization().bindings,
    ...ledgerMaterialization(ledgerCollection('test/other', schema), { stateKey: 'other' }).bindings,
  ];
  const first = compiled.of(specs(ledgerSchema));
  const same = compiled.of(specs(ledgerSchema));
  assert.deepEqual([same[0] === first[0], same[1] === first[1]], [true, true]);
  const grown = compiled.of(specs({ ...ledgerSchema, description: 'grown' }));
  assert.deepEqual([grown[0] === first[0], grown[1] === first[1]], [true, false]);
  const [other] = compiled.of(specs(ledgerSchema).slice(1));
  assert.equal(other?.index, 0);
  assert.equal(other?.spec.collection.name, 'test/other');
});
