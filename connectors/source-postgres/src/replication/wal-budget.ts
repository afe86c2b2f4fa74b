// How far the capture is behind, and how much log the server keeps for it. Beyond max_slot_wal_keep_size the server
// gives up the slot, and everything has to be read again: so the budget is watched, and told while there is time.

import type { Logger } from '@weir/connector';
import { parseLsn } from '@weir/pgwire';
import type { StreamHealth } from '@weir/sqlcapture';
import type { SqlSession } from '@weir/postgres';

export interface WalFacts {
  /** End of the server's log. */
  readonly end: bigint;
  /** Unix milliseconds by the server's clock. */
  readonly serverTimeMs: number;
  /** What the server keeps for the slot; undefined without a slot. */
  readonly retainedBytes: number | undefined;
  /** max_slot_wal_keep_size; undefined when there is no limit. */
  readonly budgetBytes: number | undefined;
  /** reserved, extended, unreserved or lost; undefined before version 13. */
  readonly walStatus: string | undefined;
}

const END = `CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                  ELSE pg_catalog.pg_current_wal_flush_lsn() END`;

export async function readWalFacts(sql: SqlSession, slot: string): Promise<WalFacts> {
  const row = await sql.row(
    'cannot read how much log the server keeps',
    `SELECT e.lsn, floor(extract(epoch FROM clock_timestamp()) * 1000) AS now,
            pg_catalog.pg_wal_lsn_diff(e.lsn, s.restart_lsn) AS retained, to_jsonb(s) ->> 'wal_status' AS status,
            (SELECT p.setting::bigint * 1024 * 1024 FROM pg_catalog.pg_settings p
              WHERE p.name = 'max_slot_wal_keep_size' AND p.setting <> '-1') AS budget
       FROM (SELECT ${END} AS lsn) e LEFT JOIN pg_catalog.pg_replication_slots s ON s.slot_name = $1`,
    [slot],
  );
  const number = (column: string): number | undefined => {
    const text = row?.[column];
    return typeof text === 'string' ? Number(text) : undefined;
  };
  return {
    end: parseLsn(row?.['lsn'] ?? ''),
    serverTimeMs: number('now') ?? 0,
    retainedBytes: number('retained'),
    budgetBytes: number('budget'),
    walStatus: row?.['status'] ?? undefined,
  };
}

interface Sample {
  readonly ms: number;
  readonly end: bigint;
}

const MOST_SAMPLES = 1500;

/** How long ago the server's log ended where the capture is now, as far as is known. */
export class Lag {
  #samples: Sample[] = [];

  /**
   * `commitMs`: when the last transaction was committed that the capture has begun to read, by the server's clock. It
   * says nothing while no table of the capture changes, hence the samples of where the log ended.
   */
  measure(facts: WalFacts, position: bigint, nowMs: number, commitMs: number | undefined): StreamHealth {
    const bytes = facts.end > position ? Number(facts.end - position) : 0;
    const reached = this.#samples.findLast((sample) => sample.end <= position);
    this.#samples = this.#samples.filter((sample) => sample.end >= position || sample === reached);
    this.#samples.push({ ms: nowMs, end: facts.end });
    if (this.#samples.length > MOST_SAMPLES) this.#samples.splice(1, 1);
    const known = [
      ...(reached === undefined ? [] : [nowMs - reached.ms]),
      ...(commitMs === undefined ? [] : [facts.serverTimeMs - commitMs]),
    ];
    const behindMs = bytes === 0 || known.length === 0 ? 0 : Math.max(0, Math.min(...known));
    const { retainedBytes, budgetBytes, walStatus } = facts;
    const share = budgetShare(facts);
    return {
      behindBytes: bytes,
      behindMs,
      details: {
        walRetainedBytes: retainedBytes,
        walBudgetBytes: budgetBytes,
        ...(share === undefined ? {} : { walBudgetPercent: Math.round(share * 100) }),
        walStatus,
      },
    };
  }
}

function budgetShare({ retainedBytes, budgetBytes }: WalFacts): number | undefined {
  if (retainedBytes === undefined || budgetBytes === undefined || budgetBytes === 0) return undefined;
  return retainedBytes / budgetBytes;
}

export type BudgetLevel = 'fine' | 'warn' | 'error';

export function budgetLevel(facts: WalFacts): BudgetLevel {
  const share = budgetShare(facts) ?? 0;
  if (share >= 0.8 || facts.walStatus === 'unreserved') return 'error';
  return share >= 0.5 ? 'warn' : 'fine';
}

const REMINDER_MS = 600_000;
const MEBIBYTE = 1024 ** 2;

/** Tells when more of the budget is used, again every ten minutes, and when it is fine again. */
export class BudgetWatch {
  readonly #log: Logger;
  #level: BudgetLevel = 'fine';
  #toldAtMs = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  look(facts: WalFacts, nowMs: number): void {
    const level = budgetLevel(facts);
    const before = this.#level;
    this.#level = level;
    const share = budgetShare(facts);
    const size = `${Math.round((facts.retainedBytes ?? 0) / MEBIBYTE)} MiB`;
    const part = share === undefined ? '' : `, ${Math.round(share * 100)} % of max_slot_wal_keep_size`;
    if (level === 'fine') {
      if (before !== 'fine') this.#log.info(`the server keeps ${size} of log for this capture again${part}`);
      return;
    }
    const isWorse = before === 'fine' || (before === 'warn' && level === 'error');
    if (!isWorse && nowMs - this.#toldAtMs < REMINDER_MS) return;
    this.#toldAtMs = nowMs;
    this.#log[level](
      `the server keeps ${size} of log for this capture${part}: beyond that the slot is lost, and every table has to be read again`,
      {
        eventType: 'walBudget',
        walRetainedBytes: facts.retainedBytes,
        walBudgetBytes: facts.budgetBytes,
        fix: 'Let the capture and what reads its collections catch up, end transactions that have been open for long, or raise max_slot_wal_keep_size.',
      },
    );
  }
}
