// The transaction loop of an open session. For each transaction the runtime sends
//   Acknowledge, Load*, Flush, Store*, StartCommit
// and gets Acknowledged, Loaded*, Flushed, StartedCommit. Two things go on at once at its start: the previous
// transaction is completed (its commit awaited, its staged work applied), which Acknowledged reports, and the keys of
// the new one are read. Source of the rules: Flow's materialize protocol, "transaction lifecycle".

import type { ConnectorStreams } from '@weir/connector';
import type { FlushRequest, LoadRequest, MaterializeAcknowledgeRequest } from '@weir/protocol';
import { passCrashPoint } from './crash-points.ts';
import { errors } from './errors.ts';
import { LoadPhase } from './load-phase.ts';
import { ResponseOrder } from './response-order.ts';
import { unexpected } from './session-request.ts';
import { splitStatePatches, stateOf } from './state-patches.ts';
import { StorePhase } from './store-phase.ts';
import type { BackgroundCommit, StatePatch, Transactor } from './transactor.ts';

/**
 * Runs transactions until the runtime ends the session between two of them. `dataIsThere` is called when one that stored
 * something is acknowledged; at first too, as the session before may have ended just then.
 */
export async function runTransactions(
  transactor: Transactor,
  streams: ConnectorStreams<'materialize'>,
  dataIsThere: () => void = () => undefined,
): Promise<void> {
  const session = new TransactionLoop(transactor, streams, dataIsThere);
  session.opened();
  streams.log.status('Running');
  while (await session.transaction());
}

class TransactionLoop {
  readonly #transactor: Transactor;
  readonly #streams: ConnectorStreams<'materialize'>;
  readonly #dataIsThere: () => void;
  /** By the last transaction. */
  #hasStored = true;
  readonly #order = new ResponseOrder();
  /** Of the last transaction, when it commits in the background. */
  #committed: Promise<void> = Promise.resolve();

  constructor(transactor: Transactor, streams: ConnectorStreams<'materialize'>, dataIsThere: () => void) {
    this.#transactor = transactor;
    this.#streams = streams;
    this.#dataIsThere = dataIsThere;
  }

  opened(): void {
    const transactor = this.#transactor;
    this.#order.advance('opened');
    this.#streams.responses.send({
      kind: 'opened',
      disableLoadOptimization: transactor.disableLoadOptimization ?? false,
      ...(transactor.pattern === 'authoritative' ? { runtimeCheckpoint: transactor.checkpoint } : {}),
    });
  }

  /** One transaction; false when the runtime ended the session instead. */
  async transaction(): Promise<boolean> {
    const request = await this.#streams.requests.next(this.#streams.signal);
    if (request === undefined) {
      await this.#committed;
      return false;
    }
    if (request.kind !== 'acknowledge') throw unexpected(request, 'acknowledge');
    if (!(await this.#acknowledgeAndLoad(request))) return false;
    await this.#flush();
    await this.#storeAndCommit();
    return true;
  }

  /** Returns false when the session ended with nothing loaded. */
  async #acknowledgeAndLoad(request: MaterializeAcknowledgeRequest): Promise<boolean> {
    const failed = new AbortController();
    const acknowledged = this.#acknowledge(request).catch((failure: unknown) => {
      failed.abort(failure);
      throw failure;
    });
    const [loaded] = await Promise.all([this.#load(acknowledged, failed.signal), acknowledged]);
    return loaded;
  }

  async #acknowledge({ statePatches }: MaterializeAcknowledgeRequest): Promise<void> {
    await this.#committed;
    passCrashPoint('materialize.before-acknowledge');
    const transactor = this.#transactor;
    let patch: StatePatch | undefined;
    if (transactor.pattern === 'post-commit') {
      patch = await transactor.acknowledge(splitStatePatches(statePatches));
    }
    passCrashPoint('materialize.after-acknowledge');
    this.#order.advance('acknowledged');
    this.#streams.responses.send({ kind: 'acknowledged', ...stateOf(patch) });
    if (this.#hasStored) this.#dataIsThere();
  }

  async #load(acknowledged: Promise<void>, failed: AbortSignal): Promise<boolean> {
    const first = await this.#firstOfTransaction();
    if (first === undefined) return false;
    passCrashPoint('materialize.before-load');
    if (first.kind === 'load') {
      if (this.#transactor.load === undefined) {
        throw errors.MATERIALIZE_LOAD_OF_DELTA({
          message: `The runtime sent a load for binding ${first.binding}, which is only appended to.`,
        });
      }
      const loads = new LoadPhase(this.#streams, this.#order, first, acknowledged, failed);
      await this.#transactor.load(loads);
      loads.assertExhausted();
    }
    passCrashPoint('materialize.after-load');
    return true;
  }

  /** The request that begins a transaction; undefined when the session ends here. */
  async #firstOfTransaction(): Promise<LoadRequest | FlushRequest | undefined> {
    const request = await this.#streams.requests.next(this.#streams.signal);
    if (request === undefined || request.kind === 'load' || request.kind === 'flush') return request;
    throw unexpected(request, 'load or flush');
  }

  async #flush(): Promise<void> {
    const transactor = this.#transactor;
    let patch: StatePatch | undefined;
    if (transactor.pattern === 'best-effort') patch = await transactor.flush?.();
    this.#order.advance('flushed');
    this.#streams.responses.send({ kind: 'flushed', ...stateOf(patch) });
    passCrashPoint('materialize.after-flushed');
  }

  async #storeAndCommit(): Promise<void> {
    const transactor = this.#transactor;
    const stores = new StorePhase(this.#streams.requests, transactor.hardDelete);
    passCrashPoint('materialize.before-store');
    await transactor.store(stores);
    const { runtimeCheckpoint } = stores.startCommit();
    this.#hasStored = stores.hasStored;
    passCrashPoint('materialize.after-store');

    passCrashPoint('materialize.before-commit');
    let patch: StatePatch | undefined;
    if (transactor.pattern === 'authoritative') {
      await this.#commitInBackground(await transactor.commit(runtimeCheckpoint));
    } else {
      patch = await transactor.commit(runtimeCheckpoint);
    }
    passCrashPoint('materialize.after-commit');

    this.#order.advance('startedCommit');
    this.#streams.responses.send({ kind: 'startedCommit', ...stateOf(patch) });
    passCrashPoint('materialize.after-started-commit');
  }

  /** Keeps the rest of a commit for the next Acknowledge. One that has failed already fails here, before StartedCommit. */
  async #commitInBackground(commit: BackgroundCommit | void): Promise<void> {
    this.#committed = commit?.committed ?? Promise.resolve();
    this.#committed.catch(() => undefined);
    await Promise.race([this.#committed, Promise.resolve()]);
  }
}
