// Lists below rows, at any depth: how they are asked for, and what their documents hold of the rows above.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@weir/schema/json';
import { explainApi } from '../src/api/explain-api.ts';
import { streamMeta } from '../src/api/open-stream.ts';
import { changes, childChanges, children, parts } from '../src/streams/define-stream.ts';
import { apiOf, common, list, run } from './api-harness.ts';

const between = ({ from, to }: { from: string; to: string }) => ({
  w: `${from.slice(11, 16)}-${to.slice(11, 16)}`,
});

const cells = children({
  of: {
    of: { path: '/books', records: 'data' },
    id: '/id',
    as: 'book',
    path: (book: string) => `/books/${book}/sheets`,
    records: 'data',
    query: { hidden: false },
    answers: [{ status: 200, text: /no such book/, means: 'empty' }],
  },
  id: '/no',
  as: '/sheet',
  path: (sheet, book) => `/books/${book}/sheets/${sheet}/cells`,
  records: 'data',
  order: 'as listed',
  interval: '5m',
});

test('lists below lists are asked for by the ids of all rows above them, which their documents hold', async () => {
  const { asked, texts } = await run(cells, (target) => {
    if (target.startsWith('/books?')) return list('{"id":"b"}', '{"id":"a/1"}', '{"id":"gone"}');
    if (target.includes('/cells')) return list('{"sheet":"its own","n":9007199254740993}');
    if (target.includes('gone')) return 'no such book';
    return target.startsWith('/books/b/') ? list('{"no":7}') : list('{"no":10}', '{"no":9}');
  });
  assert.deepEqual(asked, [
    '/books?limit=2',
    '/books/a/1/sheets?limit=2&hidden=false',
    '/books/b/sheets?limit=2&hidden=false',
    '/books/gone/sheets?limit=2&hidden=false',
    '/books/a/1/sheets/9/cells?limit=2',
    '/books/a/1/sheets/10/cells?limit=2',
    '/books/b/sheets/7/cells?limit=2',
  ]);
  assert.deepEqual(texts, [
    '{"_meta":{"op":"c","row_id":0,"book":"a/1"},"sheet":9,"n":9007199254740993}',
    '{"_meta":{"op":"c","row_id":1,"book":"a/1"},"sheet":10,"n":9007199254740993}',
    '{"_meta":{"op":"c","row_id":2,"book":"b"},"sheet":7,"n":9007199254740993}',
  ]);
  assert.deepEqual(streamMeta(cells), { book: {} });
  assert.match(
    explainApi(apiOf({ cells }), 'https://api.example.com', 0),
    /first: GET \S+\/books\?limit=2\n.*for each \/id: GET \S+\/books\/{id}\/sheets\n.*for each \/no: GET \S+\/books\/{book}\/sheets\/{id}\/cells\n/,
  );
});

test('a row that is below several rows is taken once where that is asked for', async () => {
  const { texts } = await run(
    children({
      of: { path: '/boards', records: 'data' },
      id: '/id',
      as: '/board',
      path: (id) => `/boards/${id}/sprints`,
      records: 'data',
      map: (row) => (row['closed'] === true ? undefined : row),
      once: '/id',
      order: 'as listed',
      interval: '5m',
    }),
    (target) => {
      if (target.startsWith('/boards?')) return list('{"id":1}', '{"id":2}');
      return list('{"id":10}', '{"id":11,"closed":true}', target.includes('/1/') ? '{"id":12}' : '{"id":13}');
    },
  );
  assert.deepEqual(
    texts.map((text) => text.slice(text.indexOf('},') + 2)),
    ['"id":10,"board":1}', '"id":12,"board":1}', '"id":13,"board":2}'],
  );
});

test('a list that the row above holds is not asked for, and its documents are like the others', async () => {
  const { asked, texts } = await run(
    childChanges({
      ...common,
      of: changes({ ...common, between }),
      id: '/id',
      as: '/row',
      key: ['/row', '/n'],
      path: (id) => `/rows/${id}/notes`,
      map: (note) => (note['hidden'] === true ? undefined : note),
      held: ({ notes }) => (Array.isArray(notes) ? (notes as JsonObject[]) : undefined),
    }),
    (target) => {
      if (target.includes('/notes')) return list('{"n":1}', '{"n":2,"hidden":true}');
      if (!target.includes('w=00:00')) return list();
      const time = '"at":"2024-05-05T01:00:00Z"';
      return list(
        `{"id":1,${time},"notes":[{"n":5},{"n":6,"hidden":true},{"n":9007199254740993}]}`,
        `{"id":2,${time},"notes":[]}`,
        `{"id":3,${time}}`,
      );
    },
  );
  assert.deepEqual(asked, ['/rows?limit=2&w=00:00-04:58', '/rows/3/notes?limit=2']);
  assert.deepEqual(
    texts.map((text) => text.slice(text.indexOf('},') + 2)),
    ['"n":5,"row":1}', '"n":9007199254740993,"row":1}', '"n":1,"row":3}'],
  );
});

test('where a snapshot is one of many parts, documents say of which part they are and what is above them', async () => {
  const below = {
    of: { path: '/boards', records: 'data' },
    id: '/id',
    as: 'board',
    path: (id: string) => `/boards/${id}/cards`,
    records: 'data',
    interval: '5m',
  } as const;
  const texts = async (stream: ReturnType<typeof children>): Promise<readonly string[]> => {
    const whole = parts({ of: async () => ['north'], as: 'store', interval: '5m', stream: () => stream });
    let passes = 0;
    const answer = (target: string): string => {
      if (target.startsWith('/boards?')) return list('{"id":7}');
      return passes++ === 0 ? list('{"card":1}', '{"card":2}') : list('{"card":2}');
    };
    return (await run(whole, answer, 301)).texts;
  };
  const meta = (op: string, number: number) =>
    `{"_meta":{"op":"${op}","row_id":${number},"board":7,"store":"north"}`;
  assert.deepEqual(await texts(children({ ...below, order: 'as listed' })), [
    `${meta('c', 0)},"card":1}`,
    `${meta('c', 1)},"card":2}`,
    `${meta('u', 0)},"card":2}`,
    '{"_meta":{"op":"d","row_id":1,"store":"north"}}',
  ]);
  const keyed = await texts(children({ ...below, key: ['/_meta/board', '/card'] }));
  assert.deepEqual(keyed.slice(0, 2), [`${meta('c', -1)},"card":1}`, `${meta('c', -1)},"card":2}`]);
  assert.equal(keyed.length, 3);
  assert.match(keyed[2] ?? '', /"op":"d".*"card":1/);
});
