// Where the hand-written readers leave what they found, so that reading a message allocates only its views.

import { CapturedFrame } from './captured-frame.ts';
import { errors } from './errors.ts';
import type { ReadOptions } from './message-value.ts';
import { StoreFrame } from './store-frame.ts';

const EMPTY: Buffer = Buffer.alloc(0);

/** The fields of all hot messages together; those that a message does not have stay at their defaults. */
export class HotFields {
  binding = 0;
  keyPacked: Buffer = EMPTY;
  valuesPacked: Buffer = EMPTY;
  doc: Buffer = EMPTY;
  exists = false;
  delete = false;
  /** Where frames of these kinds are read into, if one object is to serve for all. */
  readonly capturedFrame: CapturedFrame | undefined;
  readonly storeFrame: StoreFrame | undefined;
  readonly #rejectsUnknown: boolean;

  constructor(options: ReadOptions, reusesFrames = false) {
    this.capturedFrame = reusesFrames ? new CapturedFrame() : undefined;
    this.storeFrame = reusesFrames ? new StoreFrame() : undefined;
    this.#rejectsUnknown = options.unknownFields === 'reject';
  }

  reset(): void {
    this.binding = 0;
    this.keyPacked = EMPTY;
    this.valuesPacked = EMPTY;
    this.doc = EMPTY;
    this.exists = false;
    this.delete = false;
  }

  /** Called for each field that the message does not have. */
  unknown(field: string): void {
    if (this.#rejectsUnknown) {
      throw errors.PROTOCOL_UNKNOWN_FIELD({ message: `A message has the unknown field ${field}.` });
    }
  }
}
