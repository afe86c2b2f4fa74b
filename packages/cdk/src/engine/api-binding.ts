import type { JsonSchema } from '@weir/connector';
import type { Cron } from '../time/cron.ts';
import type { Stream } from './stream.ts';

/** One binding as the engine sees it. */
export interface ApiBinding {
  /** Its place in the capture. */
  readonly index: number;
  readonly name: string;
  readonly stateKey: string;
  /** JSON pointers. */
  readonly key: readonly string[];
  readonly stream: Stream;
  readonly intervalMs: number;
  /** When it is backfilled again by itself. */
  readonly schedule?: Cron | undefined;
  /** The part that a state without parts is of; of a stream without parts, the one that it was where it had some. */
  readonly main?: string | undefined;
  /** What the API says of the documents, beyond what is inferred from them. */
  readonly sourcedSchema?: JsonSchema | undefined;
}

/** How a binding, or one part of it, is called in messages. */
export function partName(binding: ApiBinding, part: string | undefined): string {
  return JSON.stringify(part === undefined ? binding.name : `${binding.name}.${part}`);
}
