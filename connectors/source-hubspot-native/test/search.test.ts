// The search of CRM objects, at its real figures: 200 objects a page, 10,000 for a query.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HttpClient, Instant } from '@weir/cdk';
import type { TableRow } from '@weir/cdk/testing';
import type { JsonObject } from '@weir/schema/json';
import { textOf } from '../src/answers.ts';
import { engagementsChanged, searched } from '../src/changed-objects.ts';
import { type Search, search } from './fake-crm.ts';

const MOST = 10_000;
const at = Instant.parse('2024-05-05T05:00:00Z') ?? new Instant(0n);
const signal = new AbortController().signal;

function rowsAt(...counts: readonly (readonly [time: Instant, count: number])[]): TableRow[] {
  let id = 0;
  return counts.flatMap(([updatedAt, count]) =>
    Array.from({ length: count }, () => ({ id: (id += 1), row: { id }, updatedAt, createdAt: updatedAt })),
  );
}

function clientOf(rows: readonly TableRow[]) {
  let requests = 0;
  const json = async ({ body }: { readonly body: { readonly json: unknown } }) => {
    requests += 1;
    const modified = new Map(rows.map(({ id, updatedAt }) => [id, updatedAt.toString()]));
    const document = ({ id }: JsonObject): JsonObject => ({
      id: textOf(id),
      properties: { hs_lastmodifieddate: modified.get(Number(id)) ?? null },
    });
    const answer = search(rows, body.json as Search, document, MOST);
    if ('status' in answer) throw new Error(answer.text);
    return answer.body;
  };
  return { client: { json } as unknown as HttpClient, requests: () => requests };
}

test('more than the search gives for a query are found, also where all of them changed at one time', async () => {
  const rows = rowsAt([at, MOST + 250], [at.plusMs(1), 3], [at.plusMs(5), 3]);
  const { client, requests } = clientOf(rows);
  const found = new Set<string>();
  for await (const page of searched('deals').find(client, at, at.plusMs(4), signal)) {
    assert.ok(page.length <= 200);
    for (const { id } of page) found.add(id);
  }
  assert.equal(found.size, MOST + 253);
  assert.equal(requests(), Math.ceil((MOST + 253) / 200));
});

test('a search that is not in the order of the ids is an error', async () => {
  const json = async () => ({
    results: ['2', '1'].map((id) => ({ id, properties: { hs_lastmodifieddate: at.toString() } })),
    paging: { next: { after: '2' } },
  });
  const pages = searched('deals').find({ json } as unknown as HttpClient, at, at, signal);
  await assert.rejects(Array.fromAsync(pages), { code: 'CDK_ORDER_BROKEN' });
});

test('a list of changed engagements that leads to itself is an error', async () => {
  const json = async () => ({ results: [], hasMore: true, after: 'here' });
  const client = { json } as unknown as HttpClient;
  await assert.rejects(Array.fromAsync(engagementsChanged.find(client, at, at, signal)), {
    code: 'CDK_PAGING_LOOP',
  });
});
