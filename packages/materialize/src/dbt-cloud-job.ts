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
/** How long the end of a session waits for a request that is under way. */
const LAST_WAIT_MS = 2000;
/** A timer that is to wait longer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** The status of a run that goes on. */
const RUNNING = 3;
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Throws MATERIALIZE_DBT_TRIGGER. */
export function checkDbtJob({ access_url = '', api_key, interval = '' }: DbtJobTrigger): void {
  if (access_url === '') {
    throw errors.MATERIALIZE_DBT_TRIGGER({ message: '/dbt_job_trigger has no access_url.' });
  }
  // The error of a header that cannot be sent would hold the key.
  if (!/^[\x21-\x7e]+$/.test(api_key.reveal())) {
    throw errors.MATERIALIZE_DBT_TRIGGER({
      message: '/dbt_job_trigger/api_key is empty, or has a blank, a line feed or a letter that no key has.',
    });
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
  readonly #stopping = new AbortController();
  #lastMs = -Infinity;
  /** Data has come since the job was last asked for. */
  #isWanted = false;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> | undefined;

  constructor(trigger: DbtJobTrigger, log: Logger) {
    this.#trigger = trigger;
    this.#log = log;
    this.#intervalMs = intervalMs(trigger.interval ?? '');
  }

  /** A transaction is committed. Returns at once. */
  dataIsThere(): void {
    this.#isWanted = true;
    this.#proceed();
  }

  /** However long dbt Cloud takes to answer, it is asked once at a time. */
  #proceed(): void {
    if (!this.#isWanted || this.#timer !== undefined || this.#asking !== undefined) return;
    const waitMs = this.#lastMs + this.#intervalMs - performance.now();
    if (waitMs > 0) {
      const next = (): void => {
        this.#timer = undefined;
        this.#proceed();
      };
      this.#timer = setTimeout(next, Math.min(waitMs, LONGEST_TIMER_MS));
      this.#timer.unref();
      return;
    }
    this.#isWanted = false;
    this.#lastMs = performance.now();
    this.#asking = this.#ask();
  }

  async #ask(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      const told = error instanceof Error ? error.message : String(error);
      this.#log.warn(`The job ${this.#trigger.job_id} of dbt Cloud was not run: ${told}`);
    }
    this.#asking = undefined;
    this.#proceed();
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
      signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`it answered ${response.status} to ${method} ${path.split('?')[0]}`);
    return text === '' ? {} : (JSON.parse(text) as unknown);
  }

  /**
   * What is being asked for may take a moment more. What would have come later does not come: the next session begins with
   * it.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    const timer = setTimeout(() => {
      this.#stopping.abort(new Error('the task was asked to end before dbt Cloud answered'));
    }, LAST_WAIT_MS);
    await this.#asking;
    clearTimeout(timer);
  }
}
