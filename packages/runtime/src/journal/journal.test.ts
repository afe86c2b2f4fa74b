import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import * as fc from 'fast-check';
import { ByteRange } from '../combine/byte-range.ts';
import { type Disk, systemDisk } from '../host/disk.ts';
import type { JournalRecord } from '../store/store.ts';
import { journalFolderName } from './journal-name.ts';
import { JournalReader } from './journal-reader.ts';
import { JournalWriter } from './journal-writer.ts';
import { listSegments } from './segments.ts';

const empty: JournalRecord = {
  name: 'acme/orders/from=x/generation=1',
  collection: 'acme/orders',
  task: 'x',
  folder: 'orders',
  first: 0,
  head: 0,
  documents: 0,
  clock: 0n,
};
const nothing = Buffer.alloc(0);
const of = (text: string): ByteRange => ByteRange.of(Buffer.from(text));

function lines(root: string, head: number, from = 0, batchBytes = 64): string[] {
  using reader = new JournalReader(systemDisk, root, empty.folder, from);
  const found: string[] = [];
  for (
    let batch = reader.next(head, batchBytes);
    batch !== undefined;
    batch = reader.next(head, batchBytes)
  ) {
    assert.equal(batch.to - batch.from, batch.bytes.length);
    found.push(...batch.bytes.toString().split('\n').slice(0, -1));
  }
  return found;
}

test('[G1] what was committed is read back in order, whatever was rolled back or torn, over any segment size', async () => {
  const step = fc.record({
    documents: fc.array(fc.nat({ max: 200 }), { maxLength: 12 }),
    end: fc.constantFrom('commit', 'commit', 'rollback', 'crash'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.integer({ min: 1, max: 600 }),
      async (steps, segmentBytes) => {
        using folder = temporaryDirectory();
        const options = { segmentBytes, bufferBytes: 100 };
        let record = empty;
        let writer = new JournalWriter(systemDisk, folder.path, record, options);
        const expected: string[] = [];
        let count = 0;
        for (const { documents, end } of steps) {
          const texts = documents.map((length) => `{"n":${(count += 1)},"fill":"${'x'.repeat(length)}"}`);
          for (const text of texts) writer.append(of(text), 0, 0, nothing);
          if (end === 'commit') {
            const head = await writer.sync(5n);
            writer.committed(head);
            record = { ...record, ...head };
            expected.push(...texts);
          } else if (end === 'rollback') {
            writer.rollback();
          } else {
            await writer.sync(5n);
            writer[Symbol.dispose]();
            writer = new JournalWriter(systemDisk, folder.path, record, options);
          }
          assert.equal(writer.position, record.head);
        }
        writer[Symbol.dispose]();
        assert.deepEqual(lines(folder.path, record.head), expected);
        assert.equal(record.documents, expected.length);
      },
    ),
    { numRuns: 60 },
  );
});

test('a reader starts at any document and reads one larger than its batch', async () => {
  using folder = temporaryDirectory();
  using writer = new JournalWriter(systemDisk, folder.path, empty);
  writer.append(of('{"a":1}'), 0, 0, nothing);
  const second = writer.position;
  const large = `{"b":"${'y'.repeat(5000)}"}`;
  writer.append(of(large), 0, 0, nothing);
  const { head } = await writer.sync(1n);
  assert.deepEqual(lines(folder.path, head, second), [large]);
});

test('an append replaces bytes and joins the lines of a pretty-printed document', async () => {
  using folder = temporaryDirectory();
  using writer = new JournalWriter(systemDisk, folder.path, empty);
  writer.append(of('{\n "a": 1\n}'), 1, 1, Buffer.from('"id":7,'));
  const { head } = await writer.sync(1n);
  assert.deepEqual(lines(folder.path, head), ['{"id":7,  "a": 1 }']);
});

test('after a large document a small one costs what it has in bytes', async (context) => {
  using folder = temporaryDirectory();
  using writer = new JournalWriter(systemDisk, folder.path, empty);
  const large = `{"b":"${'y'.repeat(5 << 20)}"}`;
  writer.append(of(large), 0, 0, nothing);
  await writer.sync(1n);
  let looked = 0;
  const { indexOf } = Buffer.prototype;
  context.mock.method(Buffer.prototype, 'indexOf', function (this: Buffer, value: number, from: number) {
    const at = indexOf.call(this, value, from);
    looked += (at === -1 ? this.length : at) - from;
    return at;
  });
  const small = '{"a":1}';
  for (let count = 0; count < 100; count += 1) writer.append(of(small), 0, 0, nothing);
  context.mock.restoreAll();
  assert.ok(looked <= 100 * (small.length + 1), `${looked} bytes were looked at`);
  const { head } = await writer.sync(2n);
  assert.deepEqual(lines(folder.path, head, large.length + 1), Array<string>(100).fill(small));
});

test('[G8] a journal that lost committed bytes is refused', async () => {
  using folder = temporaryDirectory();
  using writer = new JournalWriter(systemDisk, folder.path, empty);
  writer.append(of('{"a":1}'), 0, 0, nothing);
  const head = await writer.sync(1n);
  const [segment] = listSegments(systemDisk, join(folder.path, empty.folder));
  truncateSync(segment!.path, 3);
  assert.throws(() => new JournalWriter(systemDisk, folder.path, { ...empty, ...head }), {
    code: 'JOURNAL_DAMAGED',
  });
  assert.throws(() => lines(folder.path, head.head), { code: 'JOURNAL_DAMAGED' });
});

test('[G1] a full disk is one clear error, and what was committed before stays', async () => {
  using folder = temporaryDirectory();
  let full = false;
  const disk: Disk = {
    ...systemDisk,
    write(file, bytes, position) {
      if (!full) return systemDisk.write(file, bytes, position);
      systemDisk.write(file, bytes.subarray(0, bytes.length >> 1), position);
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
  };
  using writer = new JournalWriter(disk, folder.path, empty);
  writer.append(of('{"a":1}'), 0, 0, nothing);
  const first = await writer.sync(1n);
  writer.committed(first);
  full = true;
  writer.append(of('{"a":2}'), 0, 0, nothing);
  await assert.rejects(writer.sync(2n), { code: 'DISK_FULL' });
  full = false;
  writer.rollback();
  writer.append(of('{"a":3}'), 0, 0, nothing);
  const second = await writer.sync(3n);
  assert.deepEqual(lines(folder.path, second.head), ['{"a":1}', '{"a":3}']);
  assert.equal(second.documents, 2);
});

test('folder names are legal and distinct', () => {
  const names = [
    'acme/orders',
    'acme%2Forders',
    'acme/ördérs',
    '../x',
    '.x',
    'a'.repeat(500),
    `${'a'.repeat(500)}b`,
  ];
  const folders = names.map(journalFolderName);
  assert.equal(new Set(folders).size, names.length);
  for (const folder of folders) assert.match(folder, /^[A-Za-z0-9_+=%-][A-Za-z0-9._+=%-]{0,199}$/);
});
