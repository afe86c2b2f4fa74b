import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockToUnixNanoseconds, parseUuid } from '@weir/protocol';
import { parseFixture } from './fixture.ts';
import { parseSessions, splitSessions } from './sessions.ts';

const collections = new Set(['a/b', 'c']);

function shape(text: string): string[][] {
  return parseFixture(text, collections, 'f').map((transaction) =>
    transaction.map(({ collection }) => collection),
  );
}

test('documents between commits are a transaction, consecutive commits make empty ones', () => {
  const text = '{"commit":true}\n["a/b",{"id":1}]\n["c",{}]\n\n{"commit":true}\n["c",{}]\n';
  assert.deepEqual(shape(text), [[], ['a/b', 'c'], ['c']]);
});

test('an empty fixture is one empty transaction, two commits are two, and a lone commit is none: apply only', () => {
  const commit = '{"commit":true}\n';
  assert.deepEqual([shape(''), shape(commit + commit), shape(commit)], [[[]], [[], []], []]);
});

test('documents keep their numerals and get a publication time of hours and seconds', () => {
  const text = '{"commit":true}\n["c",{"n":12345678901234567890.10}]\n["c",{"_meta":{"op":"u"}}]';
  const [, documents = []] = parseFixture(text, collections, 'f');
  const lines = documents.map(({ line }) => line.toString());
  assert.match(lines[0] ?? '', /^\{"n":12345678901234567890\.10,"_meta":\{"uuid":".{36}"\}\}\n$/);
  const { _meta: meta } = JSON.parse(lines[1] ?? '') as { _meta: { op: string; uuid: string } };
  assert.equal(meta.op, 'u');
  assert.equal(clockToUnixNanoseconds(parseUuid(meta.uuid).clock), 3601n * 1_000_000_000n);
  assert.equal(parseUuid(meta.uuid).producer.toString('hex'), '071353030311');
});

test('a line that is nothing of this is refused with its place', () => {
  const fails = (text: string, message: RegExp): void =>
    assert.throws(() => parseFixture(text, collections, 'f.jsonl'), { code: 'FIXTURE_INVALID', message });
  fails('["c",{}]\n["c"]', /^f\.jsonl:2: /);
  fails('["c",{},{}]', /^f\.jsonl:1: /);
  fails('nonsense', /^f\.jsonl:1: this is not JSON/);
  fails('["d",{}]', /does not read the collection d/);
});

test('sessions are counts, negative ones without a limit, and deal out transactions in order', () => {
  const sessions = parseSessions('2, 1,-1');
  assert.deepEqual(sessions, [2, 1, undefined]);
  assert.deepEqual(splitSessions([1, 2, 3, 4, 5], sessions), [[1, 2], [3], [4, 5]]);
  assert.deepEqual(splitSessions([1], sessions), [[1], [], []]);
  assert.throws(() => parseSessions('1,x'), /numbers of transactions/);
});
