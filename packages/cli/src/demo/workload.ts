// The shop's day: orders come in, are paid, shipped and returned; customers sign up and leave; pages are viewed.
// One transaction at a time, at a steady rate, on one connection.

import type { PgConnection } from '@weir/pgwire';
import { setTimeout as delay } from 'node:timers/promises';

export interface WorkloadCounts {
  transactions: number;
  inserts: number;
  updates: number;
  deletes: number;
}

export interface WorkloadOptions {
  readonly transactionsPerSecond: number;
  readonly signal: AbortSignal;
  /** In [0, 1). */
  readonly random: () => number;
}

interface Step {
  readonly sql: string;
  readonly kind: 'inserts' | 'updates' | 'deletes';
}

/** The statements of one transaction: an order with its lines, and then something that happens to older rows. */
function transaction(random: () => number): Step[] {
  const pick = (n: number) => 1 + Math.floor(random() * n);
  const steps: Step[] = [
    {
      kind: 'inserts',
      sql: `WITH placed AS (INSERT INTO orders (customer_id, total, note)
              VALUES (${pick(2000)}, ${pick(99_999)} / 100.0, ${random() < 0.3 ? "'gift 🎁'" : 'NULL'}) RETURNING id)
            INSERT INTO order_lines SELECT id, line, 'SKU-${pick(500)}', line, ${pick(5000)} / 100.0
              FROM placed, generate_series(1, ${pick(4)}) AS line`,
    },
    {
      kind: 'inserts',
      sql: `INSERT INTO page_views (path, customer_id, duration_ms)
            SELECT '/p/' || n, ${pick(2000)}, random() * 1000 FROM generate_series(1, ${pick(6)}) AS n`,
    },
  ];
  const dice = random();
  const someOrder = 'SELECT id FROM orders OFFSET floor(random() * 4000) LIMIT 1';
  if (dice < 0.5) {
    steps.push({
      kind: 'updates',
      sql: `UPDATE orders SET status = 'shipped', total = total + 0.01 WHERE id = (${someOrder})`,
    });
  } else if (dice < 0.7) {
    steps.push({
      kind: 'updates',
      sql: `UPDATE customers SET tier = 'gold', tags = (ARRAY['loyal'] || tags)[1:4], profile = profile || '{"visits": ${pick(1e6)}}' WHERE id = ${pick(2000)}`,
    });
  } else if (dice < 0.85) {
    steps.push({
      kind: 'deletes',
      sql: `WITH gone AS (DELETE FROM orders WHERE id = (${someOrder}) RETURNING id)
            DELETE FROM order_lines USING gone WHERE order_id = gone.id`,
    });
  } else if (dice < 0.95) {
    steps.push({
      kind: 'updates',
      sql: `UPDATE products SET price = price * 1.01, weight = weight / 3 WHERE sku = 'SKU-${pick(500)}'`,
    });
  } else {
    const email = `new${Date.now()}-${pick(1e9)}@example.com`;
    steps.push({
      kind: 'inserts',
      sql: `INSERT INTO customers (email, name) VALUES ('${email}', 'O''Neil "new"')`,
    });
    steps.push({ kind: 'deletes', sql: `DELETE FROM customers WHERE email = '${email}' AND ${pick(2)} = 1` });
  }
  return steps;
}

/** Runs until the signal; what was begun is committed. */
export async function runWorkload(
  connection: PgConnection,
  options: WorkloadOptions,
): Promise<WorkloadCounts> {
  const counts: WorkloadCounts = { transactions: 0, inserts: 0, updates: 0, deletes: 0 };
  const started = performance.now();
  while (!options.signal.aborted) {
    const steps = transaction(options.random);
    await connection.query(['BEGIN', ...steps.map((step) => step.sql), 'COMMIT'].join('; '));
    for (const step of steps) counts[step.kind] += 1;
    counts.transactions += 1;
    const due = started + (counts.transactions * 1000) / options.transactionsPerSecond;
    const wait = due - performance.now();
    if (wait > 1) await delay(wait, undefined, { signal: options.signal }).catch(() => undefined);
  }
  return counts;
}
