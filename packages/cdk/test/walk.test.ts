import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@weir/testing';
import { offset } from '../src/paging/paging.ts';
import { changes, walk } from '../src/streams/define-stream.ts';
import { updatedAt } from '../src/streams/timestamp.ts';
import { convergeApi } from '../src/testing/converge-api.ts';
import type { FakeList } from '../src/testing/fake-vendor.ts';
import { apiOf, common, config, list, row, run } from './api-harness.ts';

const walked = walk({ ...common, since: (from) => ({ from }), size: ['n', 3] });

test('a walk goes on from the time of the last row, and claims what no page can add to', async () => {
  const rows = ['01:00:00', '02:00:00', '02:00:00', '03:00:00', '05:00:10', '05:00:10', '05:04:59'];
  const { asked, texts } = await run(
    walked,
    (target) => {
      const from = /from=2024-05-05T([\d:]+)Z/.exec(target)?.[1] ?? '';
      const page = rows.map((time, index) => [time, index + 1] as const).filter(([time]) => time >= from);
      return list(...page.slice(0, 3).map(([time, id]) => row(id, time)));
    },
    400,
  );
  assert.deepEqual(asked, [
    '/rows?limit=2&n=3&from=2024-05-05T00:00:00Z',
    '/rows?limit=2&n=3&from=2024-05-05T02:00:00Z',
    '/rows?limit=2&n=3&from=2024-05-05T03:00:00Z',
    '/rows?limit=2&n=3&from=2024-05-05T04:58:59Z',
  ]);
  const ids = texts.map((document) => Number(/"id":(\d)/.exec(document)?.[1]));
  assert.deepEqual(ids, [1, 2, 3, 2, 3, 4, 4, 5, 6]);
});

test('a list whose pages have no certain size ends with a page that shows no later time', async () => {
  const level = walk({ ...common, since: (from) => ({ from }), size: ['n', 3], ends: 'level' });
  const rows = ['01:00:00', '02:00:00', '02:00:00', '03:00:00'];
  const { asked, texts } = await run(
    level,
    (target) => {
      const from = /from=2024-05-05T([\d:]+)Z/.exec(target)?.[1] ?? '';
      const page = rows.map((time, index) => [time, index + 1] as const).filter(([time]) => time >= from);
      // Fewer than it was asked for.
      return list(...page.slice(0, from < '02' ? 2 : 3).map(([time, id]) => row(id, time)));
    },
    1,
  );
  assert.deepEqual(
    asked.map((target) => target.slice(-'T00:00:00Z'.length)),
    ['T00:00:00Z', 'T02:00:00Z', 'T03:00:00Z'],
  );
  const ids = texts.map((document) => Number(/"id":(\d)/.exec(document)?.[1]));
  assert.deepEqual(ids, [1, 2, 2, 3, 4, 4]);
  const full = run(level, () => list(row(1, '00:00:00'), row(2, '00:00:00'), row(3, '00:00:00')));
  await assert.rejects(full, { code: 'CDK_TICK_TOO_FULL' });
});

test('a walk stops where its list is not sorted, or has more rows of one time than a page', async () => {
  const unsorted = run(walked, () => list(row(1, '03:00:00'), row(2, '02:00:00')));
  await assert.rejects(unsorted, {
    code: 'CDK_ORDER_BROKEN',
    message: /02:00:00Z behind one of .*03:00:00Z/,
  });
  const full = run(walked, () => list(row(1, '03:00:00'), row(2, '03:00:00'), row(3, '03:00:00')));
  await assert.rejects(full, { code: 'CDK_TICK_TOO_FULL', message: /3 rows or more .*03:00:00Z/ });
});

for (const [name, shifts, perPage] of [
  // A burst of changes has up to six rows of one time.
  ['a walk', false, 15],
  ['offsets, whose order is said to be stable and is not,', true, 3],
] as const) {
  test(`${name} on a list that is sorted by time ${shifts ? 'lose' : 'loses no'} rows while they move to its end`, async () => {
    const page: FakeList = (rows, url) => {
      const since = Date.parse(url.searchParams.get('from') ?? '');
      const skip = Number(url.searchParams.get('skip') ?? 0);
      const listed = rows
        .filter(({ updatedAt }) => updatedAt.ms >= since)
        .toSorted((left, right) => left.updatedAt.compare(right.updatedAt) || left.id - right.id);
      return { body: listed.slice(skip, skip + perPage).map((each) => each.row) };
    };
    const options = { path: '/rows', key: ['/id'], interval: '1m' } as const;
    const cursorAt = updatedAt('/updated_at', { tick: '1s', lag: '5s' });
    const since = (from: string) => ({ from });
    const size = ['n', perPage] as const;
    const paging = offset({ param: 'skip', size, stability: 'stable' });
    const stream = shifts
      ? changes({ ...options, cursor: cursorAt, between: ({ from }) => since(from), paging })
      : walk({ ...options, cursor: cursorAt, since, size });
    let lost = 0;
    for (let seed = 1; seed <= 6; seed += 1) {
      const { streams } = await convergeApi({
        api: apiOf({ rows: stream }),
        fake: { origin: 'https://api.example.com', lists: { '/rows': page } },
        config,
        streams: { rows: '/rows' },
        random: new SeededRandom(seed),
      });
      for (const { captured, expected } of streams) {
        if (JSON.stringify(captured) !== JSON.stringify(expected)) lost += 1;
      }
    }
    assert.equal(lost > 0, shifts, `${lost} of 6 runs`);
  });
}
