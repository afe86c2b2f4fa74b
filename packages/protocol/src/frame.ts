// Framing. proto: a little-endian uint32 length, then that many bytes. json: one object, then a line feed.

import { ChunkQueue } from './chunk-queue.ts';
import type { DirectionDescriptor } from './descriptors/direction.ts';
import { errors } from './errors.ts';

/** Flow's limit of one message: 64 MiB. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

export function messageTooLarge(what: string, byteLength: number, limit: number, remark = ''): Error {
  return errors.PROTOCOL_MESSAGE_TOO_LARGE({
    message: `A ${what} message of ${byteLength} bytes is larger than the limit of ${limit} bytes.${remark}`,
  });
}

const textRemark =
  ' The bytes that tell its length are text, as of something that was printed: only messages go to stdout, logs go to stderr.';

/** Where the frames of a stream are found: `next()` true means `queue.bytes[queue.start, queue.end)` is a frame. */
export interface FrameSplitter {
  readonly queue: ChunkQueue;
  next(): boolean;
  end(): void;
}

function partial(direction: DirectionDescriptor, what: string): Error {
  return errors.PROTOCOL_PARTIAL_MESSAGE({
    message: `The stream of ${direction.name} messages ended inside a message: ${what}.`,
  });
}

export function protoSplitter(direction: DirectionDescriptor, limit: number): FrameSplitter {
  const queue = new ChunkQueue();
  /** The member that an oversized frame carries, by its first tag if that has arrived. */
  const memberAhead = (): string => {
    if (queue.available < 5) return direction.name;
    const member = direction.byNumber.get(queue.peek(4) >>> 3);
    return member === undefined ? direction.name : `${direction.name} ${member.kind}`;
  };
  /** Any text is a length beyond the limit. It is not repeated: it may hold a secret. */
  const isText = (): boolean =>
    [0, 1, 2, 3].every((index) => {
      const byte = queue.peek(index);
      return (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d);
    });
  return {
    queue,
    next() {
      if (queue.available < 4) return false;
      const length = queue.peekUint32();
      if (length > limit) throw messageTooLarge(memberAhead(), length, limit, isText() ? textRemark : '');
      if (queue.available < 4 + length) return false;
      queue.consume(4);
      queue.consume(length);
      return true;
    },
    end() {
      if (queue.available === 0) return;
      if (queue.available < 4) throw partial(direction, `${queue.available} of 4 bytes of a length`);
      throw partial(direction, `${queue.available - 4} of ${queue.peekUint32()} bytes`);
    },
  };
}

export function jsonSplitter(direction: DirectionDescriptor, limit: number): FrameSplitter {
  const queue = new ChunkQueue();
  const memberAhead = (): string => {
    let text = '';
    for (let index = 0; index < Math.min(64, queue.available); index++) {
      text += String.fromCharCode(queue.peek(index));
    }
    const member = direction.byName.get(/^\s*\{\s*"(\w+)"/.exec(text)?.[1] ?? '');
    return member === undefined ? direction.name : `${direction.name} ${member.kind}`;
  };
  const isBlank = (): boolean => {
    for (let index = 0; index < queue.available; index++) if (queue.peek(index) > 0x20) return false;
    return true;
  };
  return {
    queue,
    next() {
      const length = queue.lineLength();
      const least = length ?? queue.available;
      if (least > limit) throw messageTooLarge(memberAhead(), least, limit);
      if (length === undefined) return false;
      queue.consume(length + 1);
      queue.end -= 1;
      return true;
    },
    end() {
      if (queue.available > 64 || !isBlank()) {
        throw partial(direction, `${queue.available} bytes without a line feed behind them`);
      }
    },
  };
}
