import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@weir/schema/json';
import type { ApiBinding } from './api-binding.ts';
import { startBinding } from './binding-start.ts';
import { BindingState } from './binding-state.ts';
import type { ChangeStream, Cursor, Stream } from './stream.ts';
import { Instant } from '../time/instant.ts';

const NOW = Date.parse('2024-05-05T05:00:00Z');
const now = Instant.ofMs(NOW);
const changes: ChangeStream<Cursor> = {
  initial: () => ({ cursor: now, cutoff: now }),
  async *fetchChanges() {},
};
const alone: Stream = { kind: 'changes', parts: { only: changes } };
const both: Stream = { kind: 'changes', parts: { named: { one: changes, two: changes } } };

/** What a binding begins with, and the patch that leads there. */
function begun(stream: Stream, stored: JsonObject, main?: string): { json: JsonObject; patch: unknown } {
  const binding: ApiBinding = {
    index: 0,
    name: 'rows',
    stateKey: 'rows',
    key: ['/id'],
    stream,
    intervalMs: 1,
    main,
  };
  const state = new BindingState('rows', stored);
  const { json } = startBinding(binding, state, false, NOW);
  return { json, patch: state.replace(json) };
}

const since = { cursor: '2024-05-05T04:00:00Z' };
const running = { cutoff: '2024-05-05T03:00:00Z', next_page: 'p' };
const initial = { inc: { cursor: now.toString() }, backfill: { cutoff: now.toString() } };
const common = { last_initialized: '2024-05-01T00:00:00Z' };

test('a stream that gets parts goes on with the state that it had as that of the main one; the others begin', () => {
  const { json, patch } = begun(both, { inc: since, backfill: running, ...common }, 'two');
  assert.deepEqual(json, {
    inc: { two: since, one: initial.inc },
    backfill: { two: running, one: initial.backfill },
    ...common,
  });
  // Nothing of the former shape is left behind.
  assert.deepEqual(patch, {
    inc: { cursor: null, two: since, one: initial.inc },
    backfill: { cutoff: null, next_page: null, two: running, one: initial.backfill },
  });
  const { json: done } = begun(both, { inc: since, ...common }, 'two');
  assert.deepEqual(done['backfill'], { one: initial.backfill });
});

test('a stream that has no parts any more goes on with the state of the main one, and forgets the others', () => {
  const stored = { inc: { one: since, two: initial.inc }, backfill: { one: running, two: null }, ...common };
  const { json, patch } = begun(alone, stored, 'one');
  assert.deepEqual(json, { inc: since, backfill: running, ...common });
  assert.deepEqual(patch, {
    inc: { one: null, two: null, ...since },
    backfill: { one: null, ...running },
  });
  const complete = { inc: { one: since, two: since }, backfill: { two: running }, ...common };
  assert.deepEqual(begun(alone, complete, 'one').json, { inc: since, ...common });
});

test('a stream whose main part was not there before begins with a backfill', () => {
  assert.deepEqual(begun(alone, { inc: { other: since }, ...common }, 'one').json, { ...initial, ...common });
});

test('a state that has the form of the stream is left as it is, and so is every state where no part is the main one', () => {
  const named = { inc: { one: since, two: since }, ...common };
  assert.deepEqual(begun(both, named, 'one').patch, {});
  assert.deepEqual(begun(alone, { inc: since, ...common }, 'one').patch, {});
  assert.deepEqual(begun(alone, named).json, { ...named, ...initial });
});

test('snapshots change their form too', () => {
  const snapshot = { updated_at: '2024-05-05T04:00:00Z', last_count: 3, last_digest: 'd' };
  const whole = { async *fetchSnapshot() {} };
  const parts: Stream = { kind: 'snapshot', parts: { named: { one: whole, two: whole } } };
  const { json } = begun(parts, { snapshot, ...common }, 'one');
  assert.deepEqual(json['snapshot'], { one: snapshot });
  const { json: back } = begun({ kind: 'snapshot', parts: { only: whole } }, json, 'one');
  assert.deepEqual(back['snapshot'], snapshot);
});
