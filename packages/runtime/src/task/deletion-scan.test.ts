import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyValue, compileReducer, DocumentScanner, parseJson } from '@weir/schema';
import * as fc from 'fast-check';
import { DeletionScan } from './deletion-scan.ts';
import { Slots } from './extraction.ts';

const reducer = compileReducer(
  JSON.stringify({
    if: {
      properties: {
        kind: { const: 'gone' },
        _meta: { properties: { op: { enum: ['d', 'dd', 'remove'] } } },
      },
    },
    then: { reduce: { strategy: 'merge', delete: true } },
    else: { reduce: { strategy: 'merge' } },
  }),
);

/** More than are found quickly, some the beginning of others, some with escapes, which the scanner does not note as text. */
const op = fc.constantFrom('d', 'dd', 'ddd', '', 'c', 'u', 'remove', 'removed', 'é', '"', 'D');
const kind = fc.constantFrom('gone', 'going', 'go', 'here', '');

test('whether a document is a deletion does not depend on the documents before it', () => {
  let deletions = 0;
  let answers = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(op, kind), { minLength: 10, maxLength: 40 }), (documents) => {
      const slots = new Slots();
      const deletion = new DeletionScan(reducer, slots);
      const scanner = DocumentScanner.of(anyValue, slots.pointers);
      assert.ok(scanner !== undefined);
      for (const [opOfOne, kindOfOne] of documents) {
        const text = JSON.stringify({ kind: kindOfOne, _meta: { op: opOfOne } });
        // Other documents lie before and behind it, as in a batch.
        const bytes = Buffer.from(`xx${text}yy`);
        assert.ok(scanner.scan(bytes, 2, bytes.length - 2));
        const found = deletion.deletes(scanner);
        if (found === undefined) continue;
        answers += 1;
        if (found) deletions += 1;
        assert.equal(found, reducer.deletes(parseJson(text)), text);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(deletions > 50 && deletions < answers, `${deletions} of ${answers} were deletions`);
});
