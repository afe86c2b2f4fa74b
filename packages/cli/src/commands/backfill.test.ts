import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseBindings } from './backfill.ts';

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
