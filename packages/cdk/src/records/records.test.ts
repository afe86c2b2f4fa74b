import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { JsonValue } from '@weir/schema/json';
import type { CsvOptions } from './csv-record-reader.ts';
import { readRecords, type RecordFormat } from './read-records.ts';

async function read(
  text: string | Buffer,
  format: RecordFormat,
  chunkBytes = 7,
): Promise<{ records: string[]; envelope: JsonValue }> {
  const bytes = Buffer.from(text);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    // One buffer for every chunk, as a socket may do it.
    const shared = Buffer.alloc(chunkBytes);
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      yield shared.subarray(0, bytes.copy(shared, 0, at, at + chunkBytes));
    }
  };
  const records: string[] = [];
  const batches = readRecords(chunks(), format);
  for (;;) {
    const next = await batches.next();
    if (next.done === true) return { records, envelope: next.value };
    let start = 0;
    for (const end of next.value.ends) {
      records.push(next.value.bytes.toString('utf8', start, end));
      start = end;
    }
  }
}

const json = (...path: string[]): RecordFormat => ({ kind: 'json', path });

test('records come as they were written, whatever the chunks, and the envelope keeps the rest', async () => {
  const record = fc.object({
    maxDepth: 3,
    withNullPrototype: false,
    values: [fc.string(), fc.double(), fc.constant(null)],
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 6 }),
      fc.string(),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      async (rows, noise, chunkBytes, spaced) => {
        const body = {
          before: { data: [noise], [noise]: 1 },
          data: { list: rows, after: [[noise]] },
          more: noise,
        };
        const text = JSON.stringify(body, null, spaced ? 2 : 0);
        const { records, envelope } = await read(text, json('data', 'list'), chunkBytes);
        assert.deepEqual(
          records,
          rows.map((row) => JSON.stringify(row)),
        );
        const rest = JSON.parse(text) as typeof body;
        rest.data.list = [];
        assert.deepEqual(JSON.parse(JSON.stringify(envelope)), JSON.parse(JSON.stringify(rest)));
      },
    ),
    { numRuns: 300 },
  );
});

test('numbers beyond 2^53, decimals and escapes survive byte for byte; only space goes', async () => {
  const text =
    '[ {"id": 9007199254740993, "n":1.10,"e":"\\u00e9\\"]"} ,\n{"x":[1 ,{"y":"a b"}]}, "bare" , 12 ]';
  const { records } = await read(text, json());
  assert.deepEqual(records, [
    '{"id":9007199254740993,"n":1.10,"e":"\\u00e9\\"]"}',
    '{"x":[1,{"y":"a b"}]}',
    '"bare"',
    '12',
  ]);
});

test('a path may lead through lists, and null in the place of the records is none', async () => {
  const sheets = '{"sheets":[{"rows":[{"a":1}],"t":1},{"rows":null},{"rows":[{"a":2},{"a":3}]}]}';
  const { records, envelope } = await read(sheets, json('sheets', '*', 'rows'));
  assert.deepEqual(records, ['{"a":1}', '{"a":2}', '{"a":3}']);
  assert.deepEqual(envelope, { sheets: [{ rows: [], t: 1 }, { rows: null }, { rows: [] }] });
});

test('an answer without its list is no empty page', async () => {
  await assert.rejects(read('{"error":{"data":[]},"success":false}', json('data')), {
    code: 'CDK_RECORDS_MISSING',
    message: /at \/data; it holds error, success/,
  });
  await assert.rejects(read('{"data":{"data":[]}}', json('data')), { code: 'CDK_RECORDS_MISSING' });
});

test('a body that was cut off anywhere is refused, and so is one that is no JSON', async () => {
  const text = '{"a":{"b":"}"},"data":[{"x":"]"},{"y":1}],"z":1}';
  for (let length = 0; length < text.length; length += 1) {
    await assert.rejects(
      read(text.slice(0, length), json('data')),
      { code: 'CDK_BODY_INVALID' },
      `${length}`,
    );
  }
  await assert.rejects(read('<html>busy</html>', json('data')), {
    code: 'CDK_BODY_INVALID',
    message: /<html>busy/,
  });
});

test('JSON lines are records, with or without a last newline, and a cut one is refused', async () => {
  const lines = '{"a":1}\n\n {"b": [1,\r\n2]}\r\n{"c":"\\n"}';
  const expected = ['{"a":1}', '{"b":[1,2]}', '{"c":"\\n"}'];
  assert.deepEqual((await read(lines, { kind: 'json lines' }, 1)).records, expected);
  assert.deepEqual((await read(`${lines}\n`, { kind: 'json lines' })).records, expected);
  await assert.rejects(read(lines.slice(0, -2), { kind: 'json lines' }), { code: 'CDK_BODY_INVALID' });
});

const csv = (options: CsvOptions = {}): RecordFormat => ({ kind: 'csv', ...options });

test('every table survives CSV, whatever its texts hold and wherever the chunks end', async () => {
  const cell = fc.oneof(fc.string(), fc.stringMatching(/^[",\r\n a]{0,5}$/));
  const table = fc
    .integer({ min: 2, max: 4 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 }));
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('\n', '\r\n'),
      async (rows, chunkBytes, newline) => {
        const columns = (rows[0] ?? []).map((_, index) => `c${index}`);
        const quoted = (text: string): string =>
          /[",\r\n]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text;
        const text = [columns, ...rows].map((row) => row.map(quoted).join(',')).join(newline);
        const { records } = await read(text, csv(), chunkBytes);
        assert.deepEqual(
          records.map((record) => Object.values(JSON.parse(record) as object)),
          rows.map((row) => row.map((each) => each.toWellFormed())),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('CSV in UTF-16 with a mark, tabs, given columns and texts that stand for null', async () => {
  const text = '\ufeffä\tNULL\r\n"NULL"\tx\r\n';
  const options = { encoding: 'utf-16le', separator: '\t', columns: ['a', 'b'], nulls: ['NULL'] } as const;
  const { records } = await read(Buffer.from(text, 'utf16le'), csv(options), 3);
  assert.deepEqual(records, ['{"a":"ä","b":null}', '{"a":"NULL","b":"x"}']);
});

test('a CSV row of another width, and quotes that never end, are refused with the number of the row', async () => {
  for (const [text, message] of [
    ['a,b\n1,2\n3\n', /Row 3 .* 1 fields/],
    ['a,b\n1,2,3\n', /Row 2 .* 3 fields/],
    ['a,b\n1,"2\n', /quotes of row 2/],
  ] as const) {
    await assert.rejects(read(text, csv()), { code: 'CDK_BODY_INVALID', message });
  }
});
