// Which document of a journal was read last, as a checkpoint keeps it: the producer and the clock of its UUID. A byte
// offset alone would also fit another history of the same journal, in a state folder that was copied or restored.

import { parseUuid, type ProducerState, type UuidParts } from '@weir/protocol';

const uuidMember = Buffer.from('"uuid":"');
const uuidLength = 36;
/** Every document is committed: none is open. */
const noneOpen = -1n;

/** The first UUID of the document; by its bytes, since it stands at the front where the runtime has put it. */
export function uuidOf(document: Buffer): UuidParts | undefined {
  for (let at = document.indexOf(uuidMember); at !== -1; at = document.indexOf(uuidMember, at + 1)) {
    const start = at + uuidMember.length;
    try {
      return parseUuid(document.toString('latin1', start, start + uuidLength));
    } catch {
      // Some other member of that name.
    }
  }
  return undefined;
}

/** Of the document that was read last; [] when it has no UUID. */
export function markOf(document: Buffer): readonly ProducerState[] {
  const uuid = uuidOf(document);
  return uuid === undefined ? [] : [{ id: uuid.producer, lastAck: uuid.clock, begin: noneOpen }];
}

export function isSameMark(left: readonly ProducerState[], right: readonly ProducerState[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ id, lastAck }, index) => right[index]?.lastAck === lastAck && right[index].id.equals(id))
  );
}
