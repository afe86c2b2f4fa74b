import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import * as fc from 'fast-check';
import { systemDisk } from '../host/disk.ts';
import { ByteRange } from './byte-range.ts';
import type { CombineBinding } from './combine-binding.ts';
import { Combiner } from './combiner.ts';

/** Concatenates; a text that begins with '!' refuses partial reductions, one that ends in '-' deletes. */
function concatenating(full: boolean): CombineBinding {
  return {
    full,
    reduce: (left, right, isFull) =>
      !isFull && right.toString().startsWith('!')
        ? 'not-associative'
        : { document: Buffer.concat([left, right]), deleted: isFull && right.toString().endsWith('-') },
  };
}

function combine(
  full: boolean,
  adds: readonly (readonly [binding: number, key: string, text: string])[],
  fronts: readonly (readonly [binding: number, key: string, text: string])[] = [],
  memoryBytes = 1 << 20,
): string[] {
  using folder = temporaryDirectory();
  using combiner = new Combiner({
    bindings: [concatenating(full), concatenating(full)],
    disk: systemDisk,
    spillPath: folder.path,
    name: 't',
    memoryBytes,
  });
  const keyOf = (text: string): ByteRange => ByteRange.of(Buffer.from(text, 'latin1'));
  for (const [binding, key, text] of adds) {
    combiner.add(binding, keyOf(key), ByteRange.of(Buffer.from(text)));
  }
  for (const [binding, key, text] of fronts) combiner.addFront(binding, keyOf(key), Buffer.from(text));
  assert.equal(combiner.documents, adds.length);
  const drained: string[] = [];
  for (const { binding, key, document, exists, deleted } of combiner.drain()) {
    drained.push(
      `${binding} ${key.toString('latin1')} ${document.toString()}${exists ? ' exists' : ''}${deleted ? ' deleted' : ''}`,
    );
  }
  combiner.clear();
  assert.deepEqual(readdirSync(folder.path), []);
  return drained;
}

test('a full combiner gives exactly one document per key, on top of the loaded one', () => {
  const adds = [
    [1, 'b', '1'],
    [0, 'b', '2'],
    [0, 'a', '3'],
    [0, 'b', '4'],
    [0, 'b', '5'],
  ] as const;
  assert.deepEqual(combine(true, adds, [[0, 'b', '0']]), ['0 a 3', '0 b 0245 exists', '1 b 1']);
});

test('an associative combiner leaves the first document of a key and reduces the others to one', () => {
  const texts = ['1', '2', '3', '4', '5'];
  assert.deepEqual(
    combine(
      false,
      texts.map((text) => [0, 'k', text] as const),
    ),
    ['0 k 1', '0 k 2345'],
  );
  assert.deepEqual(combine(false, [[0, 'k', '1']]), ['0 k 1']);
});

test('documents that refuse to combine are all kept', () => {
  const texts = ['1', '!2', '!3', '4'];
  assert.deepEqual(
    combine(
      false,
      texts.map((text) => [0, 'k', text] as const),
    ),
    ['0 k 1', '0 k !2', '0 k !34'],
  );
});

test('deleted is what the last reduction said, and a document that nothing reduced is never deleted', () => {
  assert.deepEqual(combine(true, [[0, 'k', '1-']]), ['0 k 1-']);
  assert.deepEqual(combine(true, [[0, 'k', '1-']], [[0, 'k', '0']]), ['0 k 01- exists deleted']);
  const revived = [
    [0, 'k', '1-'],
    [0, 'k', '2'],
  ] as const;
  assert.deepEqual(combine(true, revived, [[0, 'k', '0']]), ['0 k 01-2 exists']);
});

test('a loaded document without a newer one is not stored', () => {
  assert.deepEqual(combine(true, [], [[0, 'k', '0']]), []);
});

test('keys come out in the order of their bytes', () => {
  const keys = ['\u00ff', '\u0015\u0001', '\u0000', '\u0015', '\u0080'];
  const drained = combine(
    true,
    keys.map((key) => [0, key, 'x'] as const),
  );
  const expected = keys.map((key) => Buffer.from(key, 'latin1')).sort((a, b) => Buffer.compare(a, b));
  assert.deepEqual(
    drained,
    expected.map((key) => `0 ${key.toString('latin1')} x`),
  );
});

test('spilling to disk changes nothing', () => {
  const add = fc.tuple(
    fc.constantFrom(0, 1),
    fc.constantFrom('a', 'b', 'c', 'd', '\u00ff'),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(add, { maxLength: 40 }),
      fc.uniqueArray(add, { maxLength: 5, selector: ([b, k]) => `${b}${k}` }),
      (full, adds, fronts) => {
        assert.deepEqual(
          combine(full, adds, full ? fronts : [], 700),
          combine(full, adds, full ? fronts : []),
        );
      },
    ),
    { numRuns: 100 },
  );
});
