import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogDecoder } from './ops-log.ts';
import type { OpsLog } from './ops-log.ts';

const now = (): Date => new Date('2026-01-02T03:04:05.678Z');

function decode(...chunks: string[]): OpsLog[] {
  const decoder = new LogDecoder(now);
  return [...chunks.flatMap((chunk) => decoder.push(Buffer.from(chunk))), ...decoder.end()];
}

test('a structured line keeps its time, level, message and fields, and other keys join the fields', () => {
  const line =
    '{"timestamp":"2025-05-05T05:05:05Z","lvl":"WARNING","msg":"slow","fields":{"a":1},"table":"t"}\n';
  assert.deepEqual(decode(line), [
    { ts: '2025-05-05T05:05:05Z', level: 'warn', message: 'slow', fields: { a: 1, table: 't' } },
  ]);
});

test('fatal and panic are errors, and an unknown level is guessed from the line', () => {
  const levels = ['fatal', 'PANIC', 'notice'].map(
    (level) => decode(`{"level":"${level}","message":"m"}`)[0]?.level,
  );
  assert.deepEqual(levels, ['error', 'error', 'warn']);
  assert.equal(decode('{"message":"request timeout"}')[0]?.level, 'error');
});

test('an empty message is replaced by the one among the fields', () => {
  assert.deepEqual(decode('{"level":"info","fields":{"msg":"hidden","k":2}}'), [
    { ts: now().toISOString(), level: 'info', message: 'hidden', fields: { k: 2 } },
  ]);
});

test('raw lines that arrive together are one log, and its level is guessed from its words', () => {
  const logs = decode('Traceback:\n  at x\nValueError: no\n\n{"level":"info","message":"next"}\nplain\n');
  assert.deepEqual(
    logs.map(({ level, message }) => [level, message]),
    [
      ['error', 'Traceback:\n  at x\nValueError: no'],
      ['info', 'next'],
      ['warn', 'plain'],
    ],
  );
});

test("the version that Node says behind an error that nobody caught is no log, and not the connector's last", () => {
  const error =
    'file:///main.ts:1\nimport {\n       ^\n\nSyntaxError: Unexpected token\n    at compile (x:1)\n';
  const chunks = [error, '\n', 'Node.js v24.21.0\n'];
  for (const given of [chunks, [chunks.join('')], [error, '\nNode.js v24.21.0\n']]) {
    assert.deepEqual(
      decode(...given).map(({ message }) => message),
      [error.trimEnd()],
    );
  }
  assert.equal(
    decode('It needs\nNode.js v24.21.0 or newer\n')[0]?.message,
    'It needs\nNode.js v24.21.0 or newer',
  );
});

test('a line cut by a chunk border, even inside of a character, is one line', () => {
  const bytes = Buffer.from('{"level":"info","message":"grün"}\n');
  for (let cut = 1; cut < bytes.length; cut++) {
    const decoder = new LogDecoder(now);
    const logs = [
      ...decoder.push(bytes.subarray(0, cut)),
      ...decoder.push(bytes.subarray(cut)),
      ...decoder.end(),
    ];
    assert.deepEqual(
      logs.map((log) => log.message),
      ['grün'],
    );
  }
});

test('the last line counts without a line break, and JSON that is no object is text', () => {
  assert.deepEqual(
    decode('[1,2]\n', 'unable to go on').map(({ level, message }) => [level, message]),
    [
      ['warn', '[1,2]'],
      ['error', 'unable to go on'],
    ],
  );
});
