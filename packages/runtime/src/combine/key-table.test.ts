import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ByteArena } from './byte-arena.ts';
import { ByteRange } from './byte-range.ts';
import { Combined } from './combined.ts';
import { KeyTable } from './key-table.ts';

const key = fc.constantFrom('', 'a', 'ab', 'b', 'b\u0000', '\u00ff', 'z');
const step = fc.record({
  kind: fc.constantFrom('document', 'front'),
  key,
  text: fc.string({ maxLength: 3 }),
});

function range(text: string): ByteRange {
  return ByteRange.of(Buffer.from(text, 'latin1'));
}

interface Known {
  front: string | undefined;
  documents: string[];
}

function contentOf(table: KeyTable): [string, Known][] {
  return [...table.order()].map((place) => {
    const { front, documents } = table.opened(place) ?? {
      front: undefined,
      documents: [table.document(place)],
    };
    return [table.key(place), { front: front?.toString(), documents: documents.map(String) }];
  });
}

test('a note comes out with a document that stayed alone, and only then', () => {
  const table = new KeyTable(new ByteArena());
  for (const name of ['a', 'b', 'c']) {
    table.addNew(range(name), range(`document ${name}`), name === 'c' ? undefined : range(`note ${name}`));
  }
  table.open(range('b')).documents.push(Buffer.from('another'));
  const places = [...table.order()].filter((place) => table.opened(place) === undefined);
  const found = places.map((place) => {
    const lone = new Combined();
    table.find(place, lone);
    const { key: bytes, document, hasNote } = lone;
    const note = hasNote ? lone.bytes.toString('latin1', lone.noteStart, lone.noteEnd) : undefined;
    return [bytes.toString(), document.toString(), note];
  });
  assert.deepEqual(found, [
    ['a', 'document a', 'note a'],
    ['c', 'document c', undefined],
  ]);
  assert.deepEqual(table.opened(1)?.documents.map(String), ['document b', 'another']);
});

test('a table holds what a map would, in the order of the keys, whether they came in order or not', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.boolean(), (steps, inOrder) => {
      const arena = new ByteArena();
      const table = new KeyTable(arena);
      for (let transaction = 0; transaction < 2; transaction += 1) {
        const model = new Map<string, Known>();
        const sorted = inOrder ? steps.toSorted((left, right) => (left.key < right.key ? -1 : 1)) : steps;
        for (const { kind, key: name, text } of sorted) {
          const known: Known = model.get(name) ?? { front: undefined, documents: [] };
          if (kind === 'front') {
            table.setFront(range(name), arena.copy(Buffer.from(text)));
            known.front = text;
          } else {
            const bytes = table.addNew(range(name), ByteRange.of(Buffer.from(text)));
            assert.equal(bytes === undefined, model.has(name));
            if (bytes === undefined) table.open(range(name)).documents.push(arena.copy(Buffer.from(text)));
            known.documents.push(text);
          }
          model.set(name, known);
        }
        const expected = [...model].sort(([left], [right]) => (left < right ? -1 : 1));
        assert.deepEqual(contentOf(table), expected);
        table.clear();
        arena.clear();
      }
    }),
  );
});
