// The capture of a seed: process after process of the connector, each opened with what was committed of the one before.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FULL_RANGE } from '@weir/protocol';
import type { ConnectorDriver } from '@weir/testing';
import { captureSpec, connector, type HarnessBinding } from '../capture-harness.ts';
import { Committed } from './committed.ts';
import type { Dice } from './dice.ts';
import type { Acknowledging } from './stress-plan.ts';

/** Many short processes run the same code. */
const COMPILE_CACHE = join(tmpdir(), `weir-stress-compile-cache-${process.getuid?.() ?? 0}`);

/** When a table was seen to be Active, in a checkpoint that is committed. */
export interface ActiveSince {
  /** Committed groups at that moment. */
  readonly groups: number;
  /** A snapshot of the server, taken after that moment. */
  readonly snapshot: string;
}

export interface CaptureOptions {
  readonly config: Record<string, unknown>;
  readonly bindings: readonly HarnessBinding[];
  readonly acknowledging: Acknowledging;
  /** Text of a snapshot of the server; undefined while it is down. */
  readonly snapshot: () => Promise<string | undefined>;
  readonly dice: Dice;
}

export class StressedCapture {
  readonly committed = new Committed();
  readonly config: Record<string, unknown>;
  bindings: readonly HarnessBinding[];
  /** Per stream, the first group after its collection was reset. */
  readonly resetAt = new Map<string, number>();
  readonly activeSince = new Map<string, ActiveSince>();
  readonly #options: CaptureOptions;
  #driver: ConnectorDriver<'capture'> | undefined;
  #reading: Promise<void> = Promise.resolve();
  #wake = Promise.withResolvers<void>();
  /** Checkpoints that this process has sent and that were not acknowledged to it. */
  #unacknowledged = 0;
  readonly #snapshots = new Set<Promise<void>>();
  hasEnded = true;

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.config = options.config;
    this.bindings = options.bindings;
  }

  start(crashPoint: string | undefined): void {
    const crash = crashPoint === undefined ? {} : { WEIR_CRASH_POINT: crashPoint };
    const driver = connector({ LOG_LEVEL: 'info', NODE_COMPILE_CACHE: COMPILE_CACHE, ...crash });
    this.#driver = driver;
    this.hasEnded = false;
    this.#unacknowledged = 0;
    this.committed.begin();
    // What a process is opened with is durable, and may be forgotten by the server.
    this.committed.settled = this.committed.groups.length;
    const capture = captureSpec(this.config, this.bindings);
    const state = JSON.stringify(this.committed.state);
    driver.send({ kind: 'open', capture, version: '1', range: FULL_RANGE, state });
    this.#reading = this.#read(driver);
  }

  async #read(driver: ConnectorDriver<'capture'>): Promise<void> {
    const { bindings, committed } = this;
    for (;;) {
      const response = await driver.receive().catch(() => undefined);
      if (response === undefined) break;
      if (response.kind === 'captured') {
        const binding = bindings[response.binding];
        if (binding === undefined) throw new Error(`a document of binding ${response.binding}`);
        committed.document(String(binding.resource['stream']), binding.key, response.doc.toString());
      } else if (response.kind === 'checkpoint') {
        committed.checkpoint(response.state.updated);
        this.#acknowledge(driver);
        this.#noteActive();
        this.#notify();
      }
    }
    await driver.exited;
    this.hasEnded = true;
    this.#notify();
  }

  #acknowledge(driver: ConnectorDriver<'capture'>): void {
    const { acknowledging, dice } = this.#options;
    this.#unacknowledged += 1;
    if (acknowledging === 'never' || (acknowledging === 'late' && !dice.chance(0.05))) return;
    const { committed } = this;
    driver.send({ kind: 'acknowledge', checkpoints: this.#unacknowledged });
    this.#unacknowledged = 0;
    committed.settled = committed.groups.length;
  }

  #noteActive(): void {
    const groups = this.committed.groups.length;
    for (const stream of this.activeStreams()) {
      if (this.activeSince.has(stream)) continue;
      this.activeSince.set(stream, { groups, snapshot: '' });
      const taken = this.#options.snapshot().then((snapshot) => {
        if (this.activeSince.get(stream)?.groups !== groups) return;
        if (snapshot === undefined) this.activeSince.delete(stream);
        else this.activeSince.set(stream, { groups, snapshot });
      });
      this.#snapshots.add(taken);
      void taken.then(() => this.#snapshots.delete(taken));
    }
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  activeStreams(): readonly string[] {
    const states = (this.committed.state['bindingStateV1'] ?? {}) as Record<string, { mode?: unknown }>;
    const { bindings } = captureSpec(this.config, this.bindings);
    return bindings.flatMap(({ stateKey, resourcePath }) =>
      states[stateKey]?.mode === 'Active' ? [resourcePath[1] ?? ''] : [],
    );
  }

  /** True when the condition holds; false when the process has ended or the time is up. */
  async until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      const left = deadline - performance.now();
      if (this.hasEnded || left <= 0) return false;
      let timer: NodeJS.Timeout | undefined;
      const pause = new Promise<void>((resolve) => (timer = setTimeout(resolve, left)));
      await Promise.race([this.#wake.promise, pause]);
      clearTimeout(timer);
    }
    return true;
  }

  kill(signal: NodeJS.Signals): void {
    this.#driver?.kill(signal);
  }

  /** Waits for the end of the process; the error that it logged last, as `CODE: message`, or ''. */
  async end(): Promise<string> {
    await this.#reading;
    await Promise.all(this.#snapshots);
    const last = this.#driver?.logs.findLast((log) => log.level === 'error');
    return last === undefined ? '' : `${String(last.fields['code'])}: ${last.message}`;
  }

  get log(): readonly string[] {
    return this.#driver?.logs.map(({ level, message }) => `${level} ${message}`) ?? [];
  }

  /** What the runtime had not committed when it died is gone. */
  keep(groups: number): void {
    this.committed.keep(groups);
    for (const [stream, since] of this.activeSince)
      if (since.groups > groups) this.activeSince.delete(stream);
  }

  /** A new backfill of a table into an emptied collection, from the next process on. */
  reset(stream: string): void {
    this.bindings = this.bindings.map((binding) =>
      binding.resource['stream'] === stream ? { ...binding, backfill: (binding.backfill ?? 0) + 1 } : binding,
    );
    this.resetAt.set(stream, this.committed.groups.length);
    this.activeSince.delete(stream);
  }
}
