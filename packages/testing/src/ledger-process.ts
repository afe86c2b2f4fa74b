// A connector in a process of its own, as a runtime has it, that takes the counting journal until it is killed, fails, or has
// taken so many transactions. The loads of a transaction are sent while the one before is committed.

import {
  FULL_RANGE,
  type MaterializationSpec,
  type MaterializeRequest,
  type MaterializeResponse,
  packTuple,
} from '@weir/protocol';
import { ConnectorDriver } from './connector-driver.ts';
import { keysOf, offsetOf, storesOf } from './counting-journal.ts';
import { sampleStore } from './materialization-spec.ts';
import { checkpointAt } from './transactions.ts';

/** What a runtime knows from one process of the task to the next. */
export class LedgerTask {
  readonly #main: string;
  readonly #materialization: MaterializationSpec;
  #isApplied = false;

  /** `main`: the connector's main file. The first binding is the ledger, the second one the events. */
  constructor(main: string, materialization: MaterializationSpec) {
    this.#main = main;
    this.#materialization = materialization;
  }

  /** `crashPoint`: a name, or `name:3` for its third pass. */
  start(until: number, crashPoint?: string): LedgerProcess {
    const materialization = this.#materialization;
    const last = this.#isApplied ? { lastMaterialization: materialization } : {};
    return new LedgerProcess({
      main: this.#main,
      until,
      crashPoint,
      onApplied: () => void (this.#isApplied = true),
      requests: [
        { kind: 'apply', materialization, version: '1', lastVersion: '', ...last },
        { kind: 'open', materialization, version: '1', range: FULL_RANGE, state: '{}' },
      ],
    });
  }
}

interface LedgerProcessOptions {
  readonly main: string;
  readonly until: number;
  readonly crashPoint: string | undefined;
  readonly onApplied: () => void;
  readonly requests: readonly MaterializeRequest[];
}

export class LedgerProcess {
  /** The signal that killed it, the code of its error, or `done`. */
  readonly ended: Promise<string>;
  readonly #connector: ConnectorDriver<'materialize'>;
  readonly #options: LedgerProcessOptions;
  readonly #loaded = new Map<number, number>();
  #offset = 0;
  /** Transactions whose commit it has begun. */
  #commits = 0;
  readonly #waiting: { readonly commits: number; readonly resolve: () => void }[] = [];

  constructor(options: LedgerProcessOptions) {
    const { main, crashPoint, requests } = options;
    this.#options = options;
    this.#connector = new ConnectorDriver({
      direction: 'materialize',
      command: [process.execPath, main],
      codec: 'proto',
      env: {
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
        ...(crashPoint === undefined ? {} : { WEIR_CRASH_POINT: crashPoint }),
      },
    });
    this.#connector.send(...requests);
    this.ended = this.#run();
  }

  /** Resolves when it has begun so many commits; not at all if it ends before. */
  async hasBegun(commits: number): Promise<void> {
    if (this.#commits >= commits) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ commits, resolve });
    await promise;
  }

  kill(): void {
    this.#connector.kill('SIGKILL');
  }

  async #run(): Promise<string> {
    await using connector = this.#connector;
    for (
      let response = await connector.receive();
      response !== undefined;
      response = await connector.receive()
    ) {
      this.#answer(response);
    }
    const { code, signal } = await connector.exited;
    if (code === 0) return 'done';
    const failure = connector.logs.findLast(({ fields }) => fields['code'] !== undefined);
    return signal ?? String(failure?.fields['code']);
  }

  #answer(response: MaterializeResponse): void {
    const connector = this.#connector;
    switch (response.kind) {
      case 'applied':
        this.#options.onApplied();
        break;
      case 'opened': {
        const { runtimeCheckpoint } = response;
        if (runtimeCheckpoint !== undefined) this.#offset = offsetOf(runtimeCheckpoint);
        this.#begin();
        break;
      }
      case 'acknowledged':
        // Its input may end between two transactions only.
        if (this.#isDone) connector.end();
        else connector.send({ kind: 'flush' });
        break;
      case 'loaded': {
        const { id, count } = JSON.parse(response.doc.toString()) as { readonly id: number; count: number };
        this.#loaded.set(id, count);
        break;
      }
      case 'flushed':
        this.#store();
        break;
      case 'startedCommit':
        this.#commits += 1;
        for (const { commits, resolve } of this.#waiting) if (commits <= this.#commits) resolve();
        this.#begin();
        break;
      default:
        throw new TypeError(`${response.kind} was not asked for`);
    }
  }

  get #isDone(): boolean {
    return this.#offset >= this.#options.until;
  }

  #begin(): void {
    const keys = this.#isDone ? [] : keysOf(this.#offset);
    const loads = keys.map((id) => ({ kind: 'load' as const, binding: 0, keyPacked: packTuple([id]) }));
    this.#connector.send({ kind: 'acknowledge' }, ...loads);
  }

  #store(): void {
    const stores = storesOf(this.#offset, this.#loaded);
    this.#loaded.clear();
    this.#offset += 1;
    const runtimeCheckpoint = checkpointAt(this.#offset);
    this.#connector.send(...stores.map(sampleStore), { kind: 'startCommit', runtimeCheckpoint });
  }
}
