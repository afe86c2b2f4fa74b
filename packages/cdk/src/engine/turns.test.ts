import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.ts';

test('a turn that becomes free goes to whoever is furthest behind then, and nobody waits who has left', async () => {
  const turns = new Turns(1);
  const { signal } = new AbortController();
  const leaving = new AbortController();
  const first = await turns.take(() => 0, signal);
  const began: string[] = [];
  const ranks = { a: 5, b: 7, c: 6 };
  const line = (['a', 'b', 'c'] as const).map(async (name) => {
    using _turn = await turns.take(() => ranks[name], signal);
    began.push(name);
  });
  const left = turns.take(() => -1, leaving.signal);
  leaving.abort(new Error('left'));
  await assert.rejects(left, /left/);
  ranks.b = 1;
  first[Symbol.dispose]();
  await Promise.all(line);
  assert.deepEqual(began, ['b', 'a', 'c']);
});
