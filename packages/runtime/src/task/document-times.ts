// Publication times of documents, as protocol clocks.

import { type Clock, clockFromUnix, parseUuid } from '@weir/protocol';

/** The clock of a document's UUID; undefined when the text is none. */
export function clockOfUuid(uuid: string): Clock | undefined {
  try {
    return parseUuid(uuid).clock;
  } catch {
    return undefined;
  }
}

/** `unixMs` may have a fraction. */
export function clockOfTime(unixMs: number): Clock {
  return clockFromUnix(Math.floor(unixMs / 1000), Math.round((unixMs % 1000) * 1_000_000));
}
