import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createDecoder, createEncoder, type Messages } from './codec.ts';
import type { CollectionSpec } from './flow-spec.ts';
import { captureRequests, materializeRequests } from './messages.fixture.ts';

type JsonObject = Record<string, unknown>;
type Direction = 'capture.Request' | 'materialize.Request';

function encode<D extends Direction>(direction: D, message: Messages[D]): string {
  const encoder = createEncoder(direction, 'json');
  encoder.write(message);
  return encoder.take().toString();
}

function decode<D extends Direction>(direction: D, text: string): Messages[D] | undefined {
  const decoder = createDecoder(direction, 'json', { unknownFields: 'reject' });
  decoder.push(Buffer.from(`${text}\n`));
  return decoder.next();
}

/** Messages whose bindings have collections, their own or that of a task's specification. */
function tasksOf(message: JsonObject): JsonObject[] {
  return Object.entries(message).flatMap(([name, value]) => {
    if (typeof value !== 'object' || value === null) return [];
    const within = ['capture', 'lastCapture', 'materialization', 'lastMaterialization'];
    const task = value as JsonObject;
    return within.includes(name) || name === 'validate' || name === 'apply' || name === 'open'
      ? [task, ...tasksOf(task)]
      : [];
  });
}

/** Moves the collections of every task to its list, each once, and leaves out the first place, as writers do. */
function link(text: string): { linked: string; plain: string; moved: number } {
  const message = JSON.parse(text) as JsonObject;
  // Numbers of embedded JSON are not what they were: the comparison is with what was parsed.
  const plain = JSON.stringify(message);
  let moved = 0;
  for (const task of tasksOf(message)) {
    const names: string[] = [];
    const collections: unknown[] = [];
    for (const list of [task['bindings'], task['inactiveBindings']]) {
      for (const binding of (list ?? []) as JsonObject[]) {
        const collection = JSON.stringify(binding['collection']);
        if (!names.includes(collection)) {
          names.push(collection);
          collections.push(binding['collection']);
        }
        delete binding['collection'];
        const index = names.indexOf(collection);
        if (index > 0) binding['collectionIndex'] = index;
        moved += 1;
      }
    }
    if (collections.length > 0) task['linkedCollections'] = collections;
  }
  return { linked: JSON.stringify(message), plain, moved };
}

function sameWhenLinked<D extends Direction>(direction: D, arbitrary: fc.Arbitrary<Messages[D]>): void {
  test(`a ${direction} with linked collections is read like one whose bindings have them`, () => {
    let total = 0;
    fc.assert(
      fc.property(arbitrary, (message) => {
        const { linked, plain, moved } = link(encode(direction, message));
        total += moved;
        assert.deepEqual(decode(direction, linked), decode(direction, plain));
      }),
      { numRuns: 300 },
    );
    assert.ok(total > 100, `${total} collections were linked`);
  });
}

sameWhenLinked('capture.Request', captureRequests);
sameWhenLinked('materialize.Request', materializeRequests);

test('two bindings of a validation share a linked collection, beside one with its own', () => {
  const shared = { name: 'acme/shared', key: ['/id'] };
  const message = decode(
    'capture.Request',
    JSON.stringify({
      validate: {
        name: 'acme/task',
        bindings: [{ collectionIndex: 1 }, { collection: { name: 'acme/own' } }, { collectionIndex: 1 }],
        linkedCollections: [{ name: 'acme/unused' }, shared],
      },
    }),
  );
  assert.ok(message?.kind === 'validate');
  const names = message.bindings.map((binding): CollectionSpec['name'] => binding.collection.name);
  assert.deepEqual(names, ['acme/shared', 'acme/own', 'acme/shared']);
  assert.equal('linkedCollections' in message, false);
});

test('a binding without a collection is refused, and told by its place', () => {
  assert.throws(
    () =>
      decode(
        'capture.Request',
        '{"open":{"capture":{"bindings":[{"collectionIndex":2}],"linkedCollections":[{"name":"a"}]}}}',
      ),
    { code: 'PROTOCOL_COLLECTION_MISSING', message: /bindings\[0\].*place 2.*1 linked/ },
  );
});
