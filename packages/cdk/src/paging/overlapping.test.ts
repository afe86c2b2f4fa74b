import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@weir/schema/json';
import type { HttpClient } from '../http/http-client.ts';
import type { ApiRequest } from '../http/request.ts';
import { listedRecords } from '../streams/listed-records.ts';
import { overlapping } from './overlapping.ts';

const paging = overlapping({ param: 'offset', size: ['count', 4], by: '/id', more: '/hasMore' });

/** A list of these numbers; `change` is called before each page. */
async function listed(ids: number[], change: (page: number) => void, paged = paging) {
  const offsets: number[] = [];
  const open = async ({ body }: ApiRequest) => {
    change(offsets.length);
    const { offset, count } = (body as { json: JsonObject }).json as { offset: number; count: number };
    offsets.push(offset);
    const rows = ids.slice(offset, offset + count).map((id) => ({ id }));
    const text = JSON.stringify({ rows, hasMore: offset + count < ids.length });
    return { status: 200, headers: {}, isEmpty: false, body: [Buffer.from(text)] };
  };
  const list = {
    path: '/lists',
    method: 'POST',
    body: { json: {} },
    records: 'rows',
    paging: paged,
  } as const;
  const found = new Set<number>();
  const client = { open } as unknown as HttpClient;
  for await (const records of listedRecords(client, list, new AbortController().signal)) {
    for (const record of records) found.add((JSON.parse(record.toString()) as { id: number }).id);
  }
  return { found: [...found], offsets };
}

const hundred = Array.from({ length: 20 }, (_, index) => 100 + index);

test('pages begin with the last record of the page before', async () => {
  const { found, offsets } = await listed([...hundred], () => {});
  assert.deepEqual(found, hundred);
  assert.deepEqual(offsets, [0, 3, 6, 9, 12, 15, 18]);
});

test('records that vanish above a page take nothing from it', async () => {
  for (const vanishing of [1, 4, 9]) {
    const ids = [...hundred];
    const { found } = await listed(ids, (page) => {
      if (page === 3) ids.splice(0, vanishing);
    });
    assert.deepEqual(
      found.toSorted((a, b) => a - b),
      hundred,
      `${vanishing}`,
    );
  }
});

test('records that vanish and come back do not make a circle of the list', async () => {
  const ids = [...hundred];
  const { found } = await listed(ids, (page) => {
    if (page === 1) ids.splice(0, 4);
    if (page === 2) ids.unshift(...hundred.slice(0, 4));
  });
  assert.deepEqual(
    found.toSorted((a, b) => a - b),
    hundred,
  );
});

test('a page of one record that says that there is more is an error', async () => {
  const one = overlapping({ param: 'offset', size: ['count', 1], by: '/id', more: '/hasMore' });
  await assert.rejects(
    listed([...hundred], () => {}, one),
    { code: 'CDK_PAGING_LOOP' },
  );
});

test('a list that is emptied while it is read ends', async () => {
  const ids = [...hundred];
  const { found } = await listed(ids, (page) => {
    if (page === 2) ids.length = 0;
  });
  assert.equal(found.length, 7);
});

test('a list that is not sorted is an error', async () => {
  await assert.rejects(
    listed([3, 2, 1], () => {}),
    { code: 'CDK_ORDER_BROKEN' },
  );
});
