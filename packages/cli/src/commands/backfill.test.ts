import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseBindings, linesOf, resettable } from './backfill.ts';

const bindings = [
  { resourcePath: ['public', 'users'], collection: { name: 'acme/users' } },
  { resourcePath: ['public', 'orders'], collection: { name: 'acme/orders' } },
];

const chosen = (names: string[], all = false): string[] =>
  chooseBindings('acme/pg', bindings, names, all).map(({ resourcePath }) => resourcePath.join('.'));

test('a binding goes by its collection and by its resource path', () => {
  assert.deepEqual(chosen(['acme/users']), ['public.users']);
  assert.deepEqual(chosen(['public/orders']), ['public.orders']);
  assert.deepEqual(chosen(['public.orders', 'acme/orders', 'public.users']), [
    'public.users',
    'public.orders',
  ]);
  assert.deepEqual(chosen([], true), ['public.users', 'public.orders']);
});

test('an unknown binding is refused with the nearest name before anything is asked for', () => {
  assert.throws(() => chosen(['public.users', 'public.order']), {
    code: 'BINDING_UNKNOWN',
    message: 'acme/pg has no binding "public.order". Did you mean "public.orders"?',
    fix: 'It has public.users, public.orders.',
  });
});

test('without a name only an only binding is meant', () => {
  assert.throws(() => chosen([]), { code: 'BINDING_UNKNOWN' });
  assert.equal(chooseBindings('acme/pg', bindings.slice(1), [], false).length, 1);
});

test('a reset tells what other captures have left in the collection, and how that goes', () => {
  const reset = {
    bindings: [
      { task: 'acme/new', kind: 'capture', resourcePath: ['public', 'a'], isActive: true },
      { task: 'acme/sink', kind: 'materialization', resourcePath: ['a'], isActive: true },
      { task: 'acme/sink', kind: 'materialization', resourcePath: ['old'], isActive: false },
    ],
    kept: [{ collection: 'acme/a', capture: 'acme/old' }],
  } as const;
  assert.deepEqual(linesOf('acme/new', reset), [
    'acme/new: public.a will be backfilled.',
    'acme/sink: a will be emptied, and filled from what is captured from now on.',
    'acme/sink: old will be emptied, and filled from what is captured from now on, once the task has it again.',
    'acme/a: what acme/old has captured into it stays, and goes into its tables again. If that is acme/new under another name, or should go too: weir backfill acme/old acme/a --reset',
    'What acme/new has captured until now is read no more: rows that its source does not send again will be in no table. --from-the-beginning takes that back.',
  ]);
});

test('a collection that the capture has written to, and writes to no more, is reset by its name', () => {
  const written = ['acme/users', 'acme/former', 'acme/other'];
  const chosen = (names: string[], all = false): string[] =>
    chooseBindings('acme/pg', resettable(bindings, written, names), names, all).map(
      ({ collection }) => collection.name,
    );
  assert.deepEqual(chosen(['acme/former']), ['acme/former']);
  assert.deepEqual(chosen(['acme/former', 'public.users']), ['acme/users', 'acme/former']);
  assert.deepEqual(chosen([], true), ['acme/users', 'acme/orders']);
  assert.throws(() => chosen(['acme/never']), { code: 'BINDING_UNKNOWN' });
});
