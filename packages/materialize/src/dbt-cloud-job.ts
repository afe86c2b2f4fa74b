// Runs a job of dbt Cloud when a transaction has brought data: not more often than an interval, and once more at its end for
// what came within. What goes wrong with it is told in the log, and never the end of the task. Source of the rules: dbt
// Cloud's administrative API, version 2.

import type { Logger } from '@weir/connector';
import type { Secret } from '@weir/schema/config';
import { errors } from './errors.ts';

export interface DbtJobTrigger {
  readonly job_id: string;
  readonly account_id: string;
  /** Without it nobody knows where the account is. */
  readonly access_url?: string | undefined;
  readonly api_key: Secret;
  readonly cause?: string | undefined;
  /** While a run goes on: leave it, end it and run anew, or run beside it. */
  readonly mode?: 'skip' | 'replace' | 'ignore' | undefined;
  /** Such as 30m, or 1h30m. */
  readonly interval?: string | undefined;
}

const REQUEST_TIMEOUT_MS = 60_000;
/** The status of a run that goes on. */
const RUNNING = 3;
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Throws MATERIALIZE_DBT_TRIGGER. */
export function checkDbtJob({ access_url = '', interval = '' }: DbtJobTrigger): void {
  if (access_url === '') {
    throw errors.MATERIALIZE_DBT_TRIGGER({ message: '/dbt_job_trigger has no access_url.' });
  }
  intervalMs(interval);
}

function intervalMs(interval: string): number {
  if (interval === '') return 30 * 60_000;
  const parts = [...interval.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.map(([part]) => part).join('') !== interval) {
    throw errors.MATERIALIZE_DBT_TRIGGER({
      message: `/dbt_job_trigger/interval is ${JSON.stringify(interval)}, which is no duration.`,
    });
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ''] ?? 0), 0);
}

export class DbtCloudJob implements AsyncDisposable {
  readonly #trigger: DbtJobTrigger;
  readonly #log: Logger;
  readonly #intervalMs: number;
  #lastMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(trigger: DbtJobTrigger, log: Logger) {
    this.#trigger = trigger;
    this.#log = log;
    this.#intervalMs = intervalMs(trigger.interval ?? '');
  }

  /** A transaction is committed. Returns at once. */
  dataIsThere(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#lastMs + this.#intervalMs - performance.now();
    if (waitMs <= 0) return this.#begin();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#begin();
    }, waitMs);
    this.#timer.unref();
  }

  #begin(): void {
    this.#lastMs = performance.now();
    this.#running = this.#running
      .then(() => this.#run())
      .catch((error: unknown) => {
        const told = error instanceof Error ? error.message : String(error);
        this.#log.warn(`The job ${this.#trigger.job_id} of dbt Cloud was not run: ${told}`);
      });
  }

  async #run(): Promise<void> {
    const { job_id, mode = 'skip', cause = 'Estuary Flow' } = this.#trigger;
    const job = encodeURIComponent(job_id);
    if (mode !== 'ignore') {
      const found = (await this.#request('GET', `runs/?job_definition_id=${job}&status=${RUNNING}`)) as {
        readonly data?: readonly { readonly id: number | string }[];
      };
      const runs = found.data ?? [];
      if (runs.length > 0 && mode === 'skip') {
        this.#log.info(`The job ${job_id} of dbt Cloud is running, and is not run again`);
        return;
      }
      for (const { id } of runs) await this.#request('POST', `runs/${encodeURIComponent(id)}/cancel/`);
    }
    await this.#request('POST', `jobs/${job}/run/`, { cause });
    this.#log.info(`The job ${job_id} of dbt Cloud was asked to run`);
  }

  async #request(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const { access_url = '', account_id, api_key } = this.#trigger;
    const base = access_url.replace(/\/+$/, '');
    const response = await fetch(`${base}/api/v2/accounts/${encodeURIComponent(account_id)}/${path}`, {
      method,
      headers: {
        authorization: `Token ${api_key.reveal()}`,
        'content-type': 'application/json',
        'user-agent': 'Estuary Technologies Flow',
      },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`it answered ${response.status} to ${method} ${path.split('?')[0]}`);
    return text === '' ? {} : (JSON.parse(text) as unknown);
  }

  /** What was asked for is asked to the end; what would have come later is not. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
  }
}
