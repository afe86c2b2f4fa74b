// A capture of a real server while its data changes, stopped and started again on the way: it ends equal to the server's table.

import assert from 'node:assert/strict';
import { apiCapture, type ApiDefinition } from '@weir/cdk';
import { parsePointer, resolvePointer } from '@weir/schema';
import { canonicalJson, type JsonValue } from '@weir/schema/json';
import { until } from '@weir/testing';
import { CaptureHost, type HostedDocument } from '@weir/testing/api';

export interface RealConvergence {
  readonly api: ApiDefinition;
  readonly config: object;
  readonly stream: string;
  readonly key: readonly string[];
  /** One change; `step` counts from 0. */
  readonly change: (step: number) => Promise<unknown>;
  readonly changes: number;
  /** The rows as the server has them now, as they should be captured. */
  readonly table: () => Promise<readonly object[]>;
}

export async function converges(run: RealConvergence): Promise<void> {
  const bindings = [{ resource: { name: run.stream, interval: 'PT1S' }, key: run.key }];
  const documents: HostedDocument[] = [];
  let state = '{}';
  let step = 0;
  const half = Math.floor(run.changes / 2);
  for (const end of [half, run.changes]) {
    await using host = CaptureHost.start(apiCapture(run.api), run.config, bindings, { state });
    for (; step < end; step += 1) await run.change(step);
    const expected = sorted(await run.table());
    const isEqual = (): boolean =>
      JSON.stringify(sorted(reduced([...documents, ...host.documents], run.key))) ===
      JSON.stringify(expected);
    await until('the collection equals the table', isEqual, {
      explain: () =>
        `${JSON.stringify(sorted(reduced([...documents, ...host.documents], run.key)))}\n${JSON.stringify(expected)}\n${host.log}`,
    });
    await host.stop();
    documents.push(...host.documents);
    state = host.state;
  }
  assert.ok(
    documents.length >= run.changes / 2,
    `only ${documents.length} documents for ${run.changes} changes`,
  );
}

/** The last document of each key, without `_meta`. */
function reduced(documents: readonly HostedDocument[], key: readonly string[]): object[] {
  const rows = new Map<string, object>();
  for (const { doc } of documents) {
    const { _meta: meta, ...row } = doc;
    const name = JSON.stringify(
      key.map((pointer) => resolvePointer(doc as unknown as JsonValue, parsePointer(pointer))),
    );
    if (meta['op'] === 'd') rows.delete(name);
    else rows.set(name, row);
  }
  return [...rows.values()];
}

function sorted(rows: readonly object[]): string[] {
  return rows.map((row) => canonicalJson(row as JsonValue)).sort();
}
