// Documents of one binding on their way to the checkpoint that commits them. Bindings are polled side by side and their
// groups must not interleave, so documents are gathered here and sent with their checkpoint at once. A group that grows
// past `GROUP_BYTES` takes the output for itself and goes on through it, so that memory stays bounded whatever a group's
// size; the other bindings wait for it with theirs.

import type { CaptureOutput, CaptureTransaction, StatePatch } from '@weir/capture';
import { crashPoint } from '@weir/crash-point';
import { JsonBuffer } from '@weir/json-bytes';
import type { SqlBatchCrashPoint } from './crash-points.ts';

export const GROUP_BYTES = 1 << 20;

export class DocumentGroup {
  readonly #output: CaptureOutput;
  readonly #binding: number;
  readonly #buffer = new JsonBuffer();
  #ends: number[] = [];
  #count = 0;
  #held: HeldTransaction | undefined;

  constructor(output: CaptureOutput, binding: number) {
    this.#output = output;
    this.#binding = binding;
  }

  /** Documents since the last checkpoint. */
  get count(): number {
    return this.#count;
  }

  /** `flush` should be awaited. */
  get isFull(): boolean {
    return this.#buffer.length >= GROUP_BYTES;
  }

  /** Documents have left that no checkpoint has committed. */
  get isOpen(): boolean {
    return this.#held !== undefined;
  }

  /** Where to write the next document, which `added` then ends. */
  get buffer(): JsonBuffer {
    return this.#buffer;
  }

  added(): void {
    this.#ends.push(this.#buffer.length);
    this.#count += 1;
  }

  /** Forgets what was gathered and has not left. */
  discard(): void {
    this.#buffer.reset();
    this.#ends = [];
    this.#count = 0;
  }

  /** Sends what was gathered, before its checkpoint is known. */
  async flush(): Promise<void> {
    if (this.#ends.length === 0) return;
    this.#held ??= await HeldTransaction.open(this.#output);
    const { transaction } = this.#held;
    this.#send(transaction);
    pass('sqlbatch.mid-group');
    if (transaction.congested) await transaction.drained();
  }

  /** Sends what was gathered, and the checkpoint that commits it. */
  async checkpoint(patch: StatePatch): Promise<void> {
    pass('sqlbatch.before-checkpoint');
    if (this.#held === undefined) {
      await this.#output.transaction((transaction) => {
        this.#send(transaction);
        transaction.checkpoint(patch);
      });
    } else {
      this.#send(this.#held.transaction);
      this.#held.transaction.checkpoint(patch);
      const held = this.#held;
      this.#held = undefined;
      await held.close();
    }
    this.#count = 0;
    pass('sqlbatch.after-checkpoint');
    await this.#output.drained();
  }

  /** Gives up: documents that have left break the output. */
  async abandon(reason: unknown): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    this.discard();
    await held?.fail(reason);
  }

  #send(transaction: CaptureTransaction): void {
    transaction.documents(this.#binding, this.#buffer.view(), this.#ends, this.#ends.length);
    this.#buffer.reset();
    this.#ends = [];
  }
}

/** A transaction of the output that stays open between calls. */
class HeldTransaction {
  readonly transaction: CaptureTransaction;
  readonly #ending: PromiseWithResolvers<void>;
  readonly #done: Promise<void>;

  constructor(transaction: CaptureTransaction, ending: PromiseWithResolvers<void>, done: Promise<void>) {
    this.transaction = transaction;
    this.#ending = ending;
    this.#done = done;
  }

  static async open(output: CaptureOutput): Promise<HeldTransaction> {
    const opened = Promise.withResolvers<CaptureTransaction>();
    const ending = Promise.withResolvers<void>();
    const done = output.transaction(async (transaction) => {
      opened.resolve(transaction);
      await ending.promise;
    });
    done.catch((error: unknown) => opened.reject(error));
    return new HeldTransaction(await opened.promise, ending, done);
  }

  close(): Promise<void> {
    this.#ending.resolve();
    return this.#done;
  }

  async fail(reason: unknown): Promise<void> {
    this.#ending.reject(reason);
    await this.#done.catch(() => undefined);
  }
}

function pass(name: SqlBatchCrashPoint): void {
  crashPoint(name);
}
