import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PgOutputDecoder } from './decoder.ts';
import type { PgOutputChange } from './messages.ts';
import { tupleKind, type TupleView } from './tuple-view.ts';

const relation = Buffer.concat([
  Buffer.from('R\0\0\0\x07public\0we"ird\0f\0\x02', 'latin1'),
  Buffer.from('\x01id\0\0\0\0\x17\xff\xff\xff\xff', 'latin1'),
  Buffer.from('\0note\0\0\0\0\x19\xff\xff\xff\xff', 'latin1'),
]);

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function values(change: PgOutputChange, tuple: TupleView): string[] {
  return Array.from({ length: tuple.count }, (_, column) =>
    tuple.kinds[column] === tupleKind.text
      ? change.bytes.toString('utf8', tuple.starts[column], tuple.ends[column])
      : String.fromCharCode(tuple.kinds[column] ?? 0),
  );
}

function decodeChange(decoder: PgOutputDecoder, text: string): PgOutputChange {
  // Offsets must not be taken from the start of the buffer.
  const padded = bytes(`....${text}....`);
  const message = decoder.decode(padded, 4, padded.length - 4);
  assert.ok('readTuples' in message);
  message.readTuples();
  return message;
}

test('rows are offsets into the message, with nulls and unchanged values marked', () => {
  const decoder = new PgOutputDecoder();
  assert.deepEqual(decoder.decode(relation, 0, relation.length), {
    kind: 'relation',
    relation: {
      id: 7,
      schema: 'public',
      name: 'we"ird',
      replicaIdentity: 'f',
      columns: [
        { name: 'id', isKey: true, typeOid: 23, typeModifier: -1 },
        { name: 'note', isKey: false, typeOid: 25, typeModifier: -1 },
      ],
    },
  });
  const insert = decodeChange(decoder, 'I\0\0\0\x07N\0\x02t\0\0\0\x0242n');
  assert.equal(insert.kind, 'insert');
  assert.equal(insert.relation.name, 'we"ird');
  assert.deepEqual(values(insert, insert.newTuple), ['42', 'n']);
  const update = decodeChange(decoder, 'U\0\0\0\x07K\0\x02t\0\0\0\x011nN\0\x02t\0\0\0\x012u');
  assert.equal(update.oldKind, 'key');
  assert.deepEqual(values(update, update.oldTuple), ['1', 'n']);
  assert.deepEqual(values(update, update.newTuple), ['2', 'u']);
  const plain = decodeChange(decoder, 'U\0\0\0\x07N\0\x01t\0\0\0\0');
  assert.equal(plain.oldKind, 'none');
  assert.deepEqual(values(plain, plain.newTuple), ['']);
  const deletion = decodeChange(decoder, 'D\0\0\0\x07O\0\x01t\0\0\0\x03abc');
  assert.equal(deletion.oldKind, 'full');
  assert.deepEqual(values(deletion, deletion.oldTuple), ['abc']);
});

test('begin and commit carry positions and Unix time', () => {
  const decoder = new PgOutputDecoder();
  const begin = bytes('B\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\x05\0\0\0\x09');
  assert.deepEqual(decoder.decode(begin, 0, begin.length), {
    kind: 'begin',
    finalLsn: 0x1_0000_0002n,
    commitTimeMicros: 946_684_800_000_005n,
    xid: 9,
  });
  const commit = bytes('C\0\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\0\0\x03\0\0\0\0\0\0\0\x05');
  assert.deepEqual(decoder.decode(commit, 0, commit.length), {
    kind: 'commit',
    commitLsn: 0x1_0000_0002n,
    endLsn: 0x1_0000_0003n,
    commitTimeMicros: 946_684_800_000_005n,
  });
});

test('truncate, type, origin and logical messages are decoded', () => {
  const decoder = new PgOutputDecoder();
  decoder.decode(relation, 0, relation.length);
  const decode = (text: string): unknown => decoder.decode(bytes(text), 0, text.length);
  assert.deepEqual(decode('T\0\0\0\x01\x03\0\0\0\x07'), {
    kind: 'truncate',
    relations: [decoder.relations.get(7)],
    cascade: true,
    restartIdentity: true,
  });
  assert.deepEqual(decode('Y\0\0\x40\0\0int4\0'), { kind: 'type', oid: 16384, schema: '', name: 'int4' });
  assert.deepEqual(decode('A\0\0\x03\x1e\0\0\x03 '), { kind: 'streamAbort', xid: 798, subxid: 800 });
  assert.deepEqual(decode('O\0\0\0\0\0\0\0\x01up\0'), { kind: 'origin', originLsn: 1n, name: 'up' });
  assert.deepEqual(decode('M\x01\0\0\0\0\0\0\0\x01p\0\0\0\0\x02hi'), {
    kind: 'message',
    transactional: true,
    lsn: 1n,
    prefix: 'p',
    content: Buffer.from('hi'),
  });
});

test('malformed messages are refused, never half read', () => {
  const decoder = new PgOutputDecoder();
  assert.throws(() => decodeChange(decoder, 'I\0\0\0\x07N\0\0'), /never described/);
  decoder.decode(relation, 0, relation.length);
  for (const text of [
    'I\0\0\0\x07X\0\0',
    'I\0\0\0\x07N\0\x01t\0\0\0\x09abc',
    'I\0\0\0\x07N\0\x01t\xff\xff\xff\xff',
    'I\0\0\0\x07N\0\x01z',
    'I\0\0\0\x07N\xff\xff',
    'I\0\0\0\x07N\0\x01nn',
    'D\0\0\0\x07N\0\x01n',
  ]) {
    assert.throws(() => decodeChange(decoder, text), { kind: 'protocol' }, JSON.stringify(text));
  }
  assert.throws(() => decoder.decode(bytes('z'), 0, 1), { kind: 'protocol' });
});
