import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { KeyOrder } from './key-order.ts';

function listOf(keys: readonly Uint8Array[]): { bytes: Buffer; ends: number[] } {
  let end = 0;
  return { bytes: Buffer.concat(keys), ends: keys.map((key) => (end += key.length)) };
}

test('keys pass, in any batches, exactly if none is less than the one before it', () => {
  const key = fc.uint8Array({ maxLength: 3, max: 2 });
  const batches = fc.array(fc.array(key, { maxLength: 4 }), { maxLength: 4 });
  const sorted = batches.map((all) => {
    const keys = all.flat().toSorted((a, b) => Buffer.compare(a, b));
    return all.map((batch) => keys.splice(0, batch.length));
  });
  fc.assert(
    fc.property(fc.option(key, { nil: undefined }), fc.oneof(batches, sorted), (first, given) => {
      const order = new KeyOrder(first && Buffer.from(first), () => new Error('out of order'));
      const all = [...(first === undefined ? [] : [first]), ...given.flat()];
      const isOrdered = all.every((each, index) => index === 0 || Buffer.compare(all[index - 1]!, each) <= 0);
      const check = () => {
        for (const batch of given) {
          const list = listOf(batch);
          order.check(batch.length, list);
          list.bytes.fill(0xff);
        }
      };
      if (isOrdered) check();
      else assert.throws(check, /out of order/);
    }),
  );
});
