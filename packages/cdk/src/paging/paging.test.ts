import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@weir/schema/json';
import {
  afterLast,
  cursor,
  linkHeader,
  nextUrl,
  offset,
  pageNumber,
  singlePage,
  type Paging,
} from './paging.ts';

interface Page {
  readonly envelope?: JsonValue;
  readonly headers?: Record<string, string>;
  readonly count?: number;
  readonly last?: string;
}

/** The requests of a list whose pages are these, as `url?query`. */
function requests(paging: Paging, pages: readonly Page[], body?: JsonValue): string[] {
  const base = { url: '/rows', query: { limit: 2 }, ...(body === undefined ? {} : { body: { json: body } }) };
  const sent: string[] = [];
  let position: string | number | undefined;
  for (const { envelope = [], headers = {}, count = 2, last } of pages) {
    const { url, query = {}, body: form } = paging.request(base, position);
    const parameters = Object.entries(query).map(([name, value]) => `${name}=${String(value)}`);
    sent.push(
      `${url}?${parameters.join('&')}${form !== undefined && 'json' in form ? JSON.stringify(form.json) : ''}`,
    );
    const seen = {
      envelope,
      headers,
      count,
      last: last === undefined ? undefined : Buffer.from(last),
      position,
    };
    position = paging.next(seen);
    if (position === undefined) return sent;
  }
  return [...sent, '…'];
}

test('one page is one request', () => {
  assert.deepEqual(requests(singlePage, [{}, {}]), ['/rows?limit=2']);
});

test('a URL in the body is used as it is, without the parameters again', () => {
  const pages = [
    { envelope: { links: { next: 'https://x/rows?limit=2&after=b' } } },
    { envelope: { links: { next: null } } },
  ];
  assert.deepEqual(requests(nextUrl('/links/next'), pages), [
    '/rows?limit=2',
    'https://x/rows?limit=2&after=b?',
  ]);
});

test('of a URL in the body, one parameter may be kept, and is sent with those of the first page', () => {
  const pages = [
    { envelope: { next: 'https://x/rows?limit=9&after=b%2F1' } },
    { envelope: { next: '/rows?after=c' } },
    { envelope: { next: null } },
  ];
  assert.deepEqual(requests(nextUrl('/next', { param: 'after' }), pages), [
    '/rows?limit=2',
    '/rows?limit=2&after=b/1',
    '/rows?limit=2&after=c',
  ]);
  const strange = { envelope: { next: '/rows?page=2' }, headers: { link: '</rows?page=2>; rel="next"' } };
  for (const paging of [nextUrl('/next', { param: 'after' }), linkHeader({ param: 'after' })]) {
    assert.throws(() => requests(paging, [strange]), { code: 'CDK_STREAM_DEFECT' });
  }
});

test('page numbers end where the body tells it: the last page, no more, all rows, all pages', () => {
  const size = ['per', 2] as const;
  const asked = (ends: object, pages: readonly Page[], first = 1): number =>
    requests(pageNumber({ param: 'page', size, ends, stability: 'shifting', first }), [...pages, {}, {}])
      .length;
  const both = (first: object, second: object): Page[] => [
    { envelope: { ...first } },
    { envelope: { ...second } },
  ];
  for (const first of [0, 1]) {
    assert.equal(asked({ last: '/last' }, both({ last: false }, { last: true }), first), 2);
    assert.equal(asked({ more: '/more' }, both({ more: true }, { more: false }), first), 2);
    assert.equal(asked({ total: '/n' }, both({ n: 4 }, { n: 4 }), first), 2);
    assert.equal(
      asked({ total: '/n' }, [...both({ n: 5 }, { n: 5 }), { count: 1, envelope: { n: 5 } }], first),
      3,
    );
    assert.equal(asked({ pages: '/p' }, both({ p: 2 }, { p: 2 }), first), 2);
    // A body that says nothing of it is not the last, a page without rows is.
    assert.equal(asked({ total: '/n' }, [{}, { count: 0 }], first), 2);
  }
});

test('a Link header is found among others, in every spelling of its relation', () => {
  const self = '<https://x/rows?self=1>; rel="self"';
  for (const link of [
    `${self}, <https://x/rows?c=2>; rel="next"`,
    `<https://x/rows?c=2>;rel=next, ${self}`,
    `<https://x/rows?c=2>; title="a, b"; rel="last next"`,
  ]) {
    const pages = [{ headers: { link } }, { headers: { link: self } }];
    assert.deepEqual(requests(linkHeader(), pages), ['/rows?limit=2', 'https://x/rows?c=2?'], link);
    assert.deepEqual(requests(linkHeader({ param: 'c' }), pages), ['/rows?limit=2', '/rows?c=2'], link);
  }
  assert.deepEqual(requests(linkHeader(), [{ headers: { link: '<https://x>; rel="nextish"' } }]), [
    '/rows?limit=2',
  ]);
});

test('a cursor goes into the query, or into the body of a POST, until there is none or no more', () => {
  const pages = [{ envelope: { next: 'b' } }, { envelope: { next: '' } }];
  assert.deepEqual(requests(cursor({ at: '/next', param: 'after' }), pages), [
    '/rows?limit=2',
    '/rows?limit=2&after=b',
  ]);
  assert.deepEqual(requests(cursor({ at: '/next', param: 'after' }), pages, { q: 1 }), [
    '/rows?limit=2{"q":1}',
    '/rows?limit=2{"q":1,"after":"b"}',
  ]);
  const told = [{ envelope: { next: 'b', more: true } }, { envelope: { next: 'c', more: false } }];
  assert.equal(requests(cursor({ at: '/next', param: 'after', more: '/more' }), told).length, 2);
});

test('the next page begins after the last record, whose id may be beyond 2^53', () => {
  const paging = afterLast({ param: 'since', at: '/id' });
  assert.deepEqual(
    requests(paging, [{ last: '{"id":7}' }, { last: '{"id":9007199254740993}' }, { count: 0 }]),
    ['/rows?limit=2', '/rows?limit=2&since=7', '/rows?limit=2&since=9007199254740993'],
  );
});

test('numbers and offsets go on until a page is short, or empty, or says that it is the last', () => {
  const size = ['per', 2] as const;
  const numbers = pageNumber({ param: 'page', size, stability: 'shifting' });
  assert.deepEqual(requests(numbers, [{}, {}, { count: 1 }]), [
    '/rows?limit=2&per=2&page=1',
    '/rows?limit=2&per=2&page=2',
    '/rows?limit=2&per=2&page=3',
  ]);
  const offsets = offset({ param: 'skip', size, ends: 'empty', stability: 'stable' });
  assert.deepEqual(requests(offsets, [{}, { count: 1 }, { count: 0 }]), [
    '/rows?limit=2&per=2&skip=0',
    '/rows?limit=2&per=2&skip=2',
    '/rows?limit=2&per=2&skip=3',
  ]);
  const told = offset({ param: 'skip', size, ends: { last: '/last', total: '/n' }, stability: 'shifting' });
  const pages = [{ count: 1, envelope: { last: false } }, { count: 2 }];
  assert.equal(requests(told, [...pages, { envelope: { last: true } }, {}]).length, 3);
  assert.equal(requests(told, [...pages, { envelope: { n: 5 } }, {}]).length, 3);
  assert.equal(requests(told, [...pages, { envelope: { n: 6 } }, { count: 0 }]).length, 4);
});
