import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { zipSync } from 'fflate';
import type { JsonValue } from '@weir/schema/json';
import { type PlainFormat, readRecords, type RecordFormat } from './read-records.ts';

async function* inChunks(bytes: Buffer, chunkBytes: number): AsyncGenerator<Uint8Array> {
  // One buffer for every chunk, as a socket may do it.
  const shared = Buffer.alloc(chunkBytes);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    yield shared.subarray(0, bytes.copy(shared, 0, at, at + chunkBytes));
  }
}

async function read(
  body: AsyncIterable<Uint8Array>,
  format: RecordFormat,
): Promise<{ records: JsonValue[]; envelope: JsonValue }> {
  const records: JsonValue[] = [];
  const batches = readRecords(body, format);
  for (;;) {
    const next = await batches.next();
    if (next.done === true) return { records, envelope: next.value };
    let start = 0;
    for (const end of next.value.ends) {
      records.push(JSON.parse(next.value.bytes.toString('utf8', start, end)) as JsonValue);
      start = end;
    }
  }
}

const lines: PlainFormat = { kind: 'json lines' };
const rows = fc.array(
  fc.record({ id: fc.integer(), text: fc.string({ unit: 'binary' }) }, { noNullPrototype: true }),
  {
    maxLength: 20,
  },
);
const chunkSizes = fc.integer({ min: 1, max: 50 });
const linesOf = (records: readonly object[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

test('files that are compressed by themselves, of any number of members or frames, whatever the chunks', async () => {
  for (const [kind, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    await fc.assert(
      fc.asyncProperty(rows, rows, chunkSizes, async (first, second, size) => {
        const body = Buffer.concat([compress(linesOf(first)), compress(linesOf(second))]);
        const { records } = await read(inChunks(body, size), { kind, of: lines });
        assert.deepEqual(records, [...first, ...second]);
      }),
      { numRuns: 40 },
    );
    const whole = compress(linesOf([{ id: 1 }, { id: 2 }]));
    await assert.rejects(read(inChunks(whole.subarray(0, -3), 7), { kind, of: lines }), {
      code: 'CDK_BODY_INVALID',
    });
  }
});

test('a failure of the network within a compressed file stays one of the network', async () => {
  const lost = new Error('other side closed');
  const body = (async function* () {
    yield gzipSync(linesOf([{ id: 1 }])).subarray(0, 10);
    throw lost;
  })();
  await assert.rejects(read(body, { kind: 'gzip', of: lines }), lost);
});

test('the entries of a ZIP file that another program wrote, those whose names fit, whatever the chunks', async () => {
  await fc.assert(
    fc.asyncProperty(rows, rows, chunkSizes, fc.boolean(), async (first, second, size, isStored) => {
      const files = {
        'a.jsonl': Buffer.from(linesOf(first)),
        'read me.txt': Buffer.from('no record'),
        'folder/b.jsonl': Buffer.from(linesOf(second)),
      };
      const body = Buffer.from(zipSync(files, { level: isStored ? 0 : 6 }));
      const format: RecordFormat = { kind: 'zip', entries: /\.jsonl$/, of: lines };
      assert.deepEqual((await read(inChunks(body, size), format)).records, [...first, ...second]);
    }),
    { numRuns: 60 },
  );
});

/** An entry as a program writes it that does not know its length beforehand. */
function streamedEntry(name: string, content: Buffer, { isMarked = true, isWide = false } = {}): Buffer {
  const packed = deflateRawSync(content);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(8, 6);
  header.writeUInt16LE(8, 8);
  header.writeUInt16LE(name.length, 26);
  const lengths = Buffer.alloc(isWide ? 16 : 8);
  if (isWide) {
    lengths.writeBigUInt64LE(BigInt(packed.length), 0);
    lengths.writeBigUInt64LE(BigInt(content.length), 8);
  } else {
    lengths.writeUInt32LE(packed.length, 0);
    lengths.writeUInt32LE(content.length, 4);
  }
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(content));
  const mark = Buffer.from([0x50, 0x4b, 0x07, 0x08]);
  return Buffer.concat([header, Buffer.from(name), packed, ...(isMarked ? [mark] : []), sum, lengths]);
}

const directory = Buffer.from([0x50, 0x4b, 0x01, 0x02, 1, 2, 3]);

test('entries without lengths: every form of what stands behind them, also when they hold the marks of ZIP', async () => {
  const marks = '\u0050\u004b\u0003\u0004 PK\u0007\u0008 PK\u0001\u0002';
  await fc.assert(
    fc.asyncProperty(rows, chunkSizes, fc.boolean(), fc.boolean(), async (first, size, isMarked, isWide) => {
      const all = [{ marks }, ...first];
      const form = { isMarked, isWide };
      const entry = streamedEntry('a', Buffer.from(linesOf(all)), form);
      const body = Buffer.concat([entry, streamedEntry('b', Buffer.from(linesOf(first)), form), directory]);
      assert.deepEqual((await read(inChunks(body, size), { kind: 'zip', of: lines })).records, [
        ...all,
        ...first,
      ]);
    }),
    { numRuns: 60 },
  );
});

test('a ZIP file that is cut off, damaged, encrypted or none is refused wherever that shows', async () => {
  const whole = Buffer.concat([streamedEntry('a', Buffer.from(linesOf([{ id: 1 }, { id: 2 }]))), directory]);
  const format: RecordFormat = { kind: 'zip', of: lines };
  const refused = { code: 'CDK_BODY_INVALID' };
  for (let length = 0; length < whole.length - directory.length + 4; length += 1) {
    await assert.rejects(read(inChunks(whole.subarray(0, length), 9), format), refused, `${length}`);
  }
  const damaged = Buffer.from(whole);
  damaged.writeUInt32LE(1, damaged.length - directory.length - 12);
  const encrypted = Buffer.from(whole);
  encrypted.writeUInt16LE(9, 6);
  for (const body of [damaged, encrypted, Buffer.from('{"error":"no"}')]) {
    await assert.rejects(read(inChunks(body, 9), format), refused);
  }
});

test('what a small file blows up to passes through bounded memory', async () => {
  const row = `${JSON.stringify({ id: 1, text: 'a'.repeat(1000) })}\n`;
  const body = gzipSync(row.repeat(20_000));
  let [count, largest] = [0, 0];
  for await (const batch of readRecords(inChunks(body, 64 << 10), { kind: 'gzip', of: lines })) {
    count += batch.count;
    largest = Math.max(largest, batch.bytes.length);
  }
  assert.equal(count, 20_000);
  assert.ok(largest < 1 << 20, `${largest}`);
});

const xml = (path: string, lists: readonly string[] = []): RecordFormat => ({
  kind: 'xml',
  path: path.split('/'),
  lists,
});

test('elements of XML become objects, and what is around them the envelope, whatever the chunks', async () => {
  const body = Buffer.from(`<?xml version="1.0"?>
<answer status="ok"><page>2</page>
  <items total="2">
    <item id="1"><name>A &amp; B &#233;</name><tag>x</tag><tag>y</tag><none/><rich lang="en">text</rich></item>
    <item id="2"><name><![CDATA[<raw>]]></name><tag>z</tag><deep><item>inner</item></deep></item>
    <item>text only</item>
  </items>
</answer>`);
  for (let size = 1; size < 60; size += 1) {
    const { records, envelope } = await read(inChunks(body, size), xml('answer/items/item', ['tag']));
    assert.deepEqual(records, [
      { '@id': '1', name: 'A & B é', tag: ['x', 'y'], none: null, rich: { '@lang': 'en', '#text': 'text' } },
      { '@id': '2', name: '<raw>', tag: ['z'], deep: { item: 'inner' } },
      { '#text': 'text only' },
    ]);
    assert.deepEqual(envelope, { answer: { '@status': 'ok', page: '2', items: { '@total': '2' } } });
  }
});

test('any texts survive XML, whatever the chunks', async () => {
  const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  // What XML cannot hold, and the space at the borders that goes, is left out.
  const texts = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[^\P{C}]/gu, '').trim());
  await fc.assert(
    fc.asyncProperty(fc.array(texts, { maxLength: 10 }), chunkSizes, async (all, size) => {
      const items = all.map((text) => `<i><t>${escape(text)}</t></i>`).join('');
      const { records } = await read(inChunks(Buffer.from(`<r>${items}</r>`), size), xml('r/i'));
      assert.deepEqual(
        records,
        all.map((text) => ({ t: text === '' ? null : text })),
      );
    }),
  );
});

test('an answer in XML without its list is no empty page; one that is broken, cut off or declares entities is refused', async () => {
  const none = await read(inChunks(Buffer.from('<r><items/></r>'), 3), xml('r/items/item'));
  assert.deepEqual(none, { records: [], envelope: { r: { items: null } } });
  const refuse = async (text: string, code: string): Promise<void> => {
    await assert.rejects(read(inChunks(Buffer.from(text), 5), xml('r/items/item')), { code }, text);
  };
  await refuse('<r><error>no</error></r>', 'CDK_RECORDS_MISSING');
  await refuse('<error>no</error>', 'CDK_RECORDS_MISSING');
  await refuse('<r><items><item>', 'CDK_BODY_INVALID');
  await refuse('<r><items></r>', 'CDK_BODY_INVALID');
  await refuse('', 'CDK_BODY_INVALID');
  await refuse('{"error":"no"}', 'CDK_BODY_INVALID');
  const bomb = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r><items><item>&b;</item></items></r>';
  await refuse(bomb, 'CDK_BODY_INVALID');
  await refuse('<r>'.repeat(1001), 'CDK_BODY_INVALID');
});
