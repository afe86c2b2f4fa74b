// The text of most values is JSON once a few of its bytes have changed, so that it is copied into the document first and
// changed there. What that cannot do for a value, its writer does.

import type { ValueWriter } from './value-writer.ts';

/**
 * Changes the text that lies in a document at [start, end), with `TEXT_SLACK_BYTES` of room behind it, into its value.
 * Returns the value's end; -1 for an unusual text, whatever has become of the copy.
 */
export type ChangeInPlace = (document: Uint8Array, start: number, end: number) => number;

/** The most that a text grows by. */
export const TEXT_SLACK_BYTES = 8;

/** How the usual values of a column are written without its writer: with the same bytes, if nothing has to be escaped. */
export interface TextCopy {
  readonly isQuoted: boolean;
  /** Undefined: nothing has to change. */
  readonly change: ChangeInPlace | undefined;
  /** Longer texts are the writer's. */
  readonly mostBytes: number;
}

/** Writes what `change` makes of a text, and calls `unusual` where it cannot. */
export function changedInPlace(change: ChangeInPlace, unusual: ValueWriter): ValueWriter {
  return (out, bytes, start, end) => {
    const at = out.length;
    out.reserve(end - start + TEXT_SLACK_BYTES);
    out.raw(bytes, start, end);
    const changedEnd = change(out.bytes, at, out.length);
    if (changedEnd >= 0) {
      out.length = changedEnd;
      return;
    }
    out.length = at;
    unusual(out, bytes, start, end);
  };
}
