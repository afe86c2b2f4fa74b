// What a capture sends. Documents and the checkpoint that commits them form one group, and groups never interleave:
// the runtime commits everything before a checkpoint with that checkpoint's state, so a document that slipped into
// another binding's group would be committed without its own state, and captured again after a restart.
// A group that breaks off after documents therefore closes the output for good, and the session with it.

import { crashPoint } from '@weir/crash-point';
import type { JsonSchema, ResponseWriter } from '@weir/connector';
import { stringifyJson } from '@weir/schema/json';
import type { Acknowledgements } from './acknowledgements.ts';
import type { CaptureOutput, CaptureTransaction } from './capture-output.ts';
import type { StatePatch } from './capture-state.ts';
import type { CaptureCrashPoint } from './crash-points.ts';
import { errors } from './errors.ts';

type CaptureWriter = Pick<
  ResponseWriter<'capture'>,
  'write' | 'writeCaptured' | 'send' | 'congested' | 'drained'
>;

export class GroupedOutput implements CaptureOutput {
  readonly acknowledgements: Acknowledgements;
  readonly #writer: CaptureWriter;
  readonly #bindings: number;
  readonly #lastSchemas = new Map<number, string>();
  #queue: Promise<unknown> = Promise.resolve();
  readonly #onBroken: (failure: Error) => void;
  #uncommitted = 0;
  #broken: Error | undefined;

  /** `onBroken` is called once, when nothing more can be sent, before whoever sent the group hears of it. */
  constructor(
    writer: CaptureWriter,
    acknowledgements: Acknowledgements,
    bindings: number,
    onBroken: (failure: Error) => void,
  ) {
    this.#writer = writer;
    this.#bindings = bindings;
    this.#onBroken = onBroken;
    this.acknowledgements = acknowledgements;
  }

  /** Documents sent since the last checkpoint. */
  get uncommitted(): number {
    return this.#uncommitted;
  }

  transaction<T>(body: (transaction: CaptureTransaction) => Promise<T> | T): Promise<T> {
    const result = this.#queue.then(() => this.#run(body));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  checkpoint(patch: StatePatch, onAcknowledged?: () => void): Promise<number> {
    return this.transaction((transaction) => transaction.checkpoint(patch, onAcknowledged));
  }

  async #run<T>(body: (transaction: CaptureTransaction) => Promise<T> | T): Promise<T> {
    if (this.#broken !== undefined) throw this.#broken;
    const group = new Group(this);
    try {
      const result = await body(group);
      this.assertCommitted();
      return result;
    } catch (failure) {
      if (this.#uncommitted > 0) {
        this.#broken = failure instanceof Error ? failure : new Error(String(failure));
        this.#onBroken(this.#broken);
      }
      throw failure;
    } finally {
      group.close();
    }
  }

  /** Throws what broke it, and what is wrong with a group that has ended. */
  assertCommitted(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#uncommitted === 0) return;
    throw errors.CAPTURE_DOCUMENTS_WITHOUT_CHECKPOINT({
      message: `The capture ended a group of ${this.#uncommitted} documents without a checkpoint.`,
    });
  }

  sendDocument(binding: number, doc: Buffer): void {
    if (binding < 0 || binding >= this.#bindings) throw new RangeError(`There is no binding ${binding}.`);
    // Counted once it is written: one that is too large for a message leaves the group as it was.
    this.#writer.write({ kind: 'captured', binding, doc });
    this.#uncommitted += 1;
  }

  sendDocuments(binding: number, bytes: Buffer, ends: ArrayLike<number>, count: number): void {
    if (binding < 0 || binding >= this.#bindings) throw new RangeError(`There is no binding ${binding}.`);
    this.#writer.writeCaptured(binding, bytes, ends, count);
    this.#uncommitted += count;
  }

  sendSchema(binding: number, schema: JsonSchema): void {
    const text = JSON.stringify(schema);
    if (this.#lastSchemas.get(binding) === text) return;
    this.#writer.write({ kind: 'sourcedSchema', binding, schema: text });
    this.#lastSchemas.set(binding, text);
    this.#uncommitted += 1;
  }

  sendCheckpoint(patch: StatePatch, onAcknowledged: (() => void) | undefined): number {
    pass('capture.before-checkpoint');
    const updated = typeof patch === 'string' ? patch : stringifyJson(patch);
    // Counted before it is sent: the acknowledgement may arrive at any moment after that.
    const checkpoint = this.acknowledgements.add(onAcknowledged);
    this.#uncommitted = 0;
    this.#writer.send({ kind: 'checkpoint', state: { updated, mergePatch: true } });
    pass('capture.after-checkpoint');
    return checkpoint;
  }

  get congested(): boolean {
    return this.#writer.congested;
  }

  drained(): Promise<void> {
    return this.#writer.drained();
  }
}

class Group implements CaptureTransaction {
  readonly #output: GroupedOutput;
  #open = true;

  constructor(output: GroupedOutput) {
    this.#output = output;
  }

  close(): void {
    this.#open = false;
  }

  document(binding: number, doc: Buffer): void {
    this.#assertOpen();
    this.#output.sendDocument(binding, doc);
  }

  documents(binding: number, bytes: Buffer, ends: ArrayLike<number>, count: number): void {
    this.#assertOpen();
    this.#output.sendDocuments(binding, bytes, ends, count);
  }

  sourcedSchema(binding: number, schema: JsonSchema): void {
    this.#assertOpen();
    this.#output.sendSchema(binding, schema);
  }

  checkpoint(patch: StatePatch, onAcknowledged?: () => void): number {
    this.#assertOpen();
    return this.#output.sendCheckpoint(patch, onAcknowledged);
  }

  get congested(): boolean {
    return this.#output.congested;
  }

  drained(): Promise<void> {
    return this.#output.drained();
  }

  #assertOpen(): void {
    if (!this.#open) throw new TypeError('The transaction has already ended.');
  }
}

function pass(name: CaptureCrashPoint): void {
  crashPoint(name);
}
