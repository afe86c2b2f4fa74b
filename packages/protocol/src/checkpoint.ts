// consumer.Checkpoint as the bytes that connectors store and the runtime keeps.

import { ByteWriter } from './byte-writer.ts';
import { checkpoint as descriptor } from './descriptors/flow.ts';
import { EXPLICIT_ZERO_BYTES } from './explicit-zero.ts';
import type { Checkpoint } from './flow-spec.ts';
import { EXPLICIT_ZERO_CHECKPOINT } from './materialize.ts';
import { ProtoReader } from './proto-reader.ts';
import { readProtoMessage } from './proto-read.ts';
import { writeProtoMessage } from './proto-write.ts';

/** Protobuf bytes; those of the explicit zero are `f8 ff ff ff 0f 01`. */
export function encodeCheckpoint(checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT): Buffer {
  if (checkpoint === EXPLICIT_ZERO_CHECKPOINT) return Buffer.from(EXPLICIT_ZERO_BYTES);
  const writer = new ByteWriter();
  writeProtoMessage(writer, descriptor, checkpoint);
  return writer.take();
}

/** Throws PROTOCOL_MALFORMED. */
export function decodeCheckpoint(bytes: Buffer): Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT {
  if (bytes.equals(EXPLICIT_ZERO_BYTES)) return EXPLICIT_ZERO_CHECKPOINT;
  const reader = new ProtoReader(bytes, 0, bytes.length);
  const value = readProtoMessage(reader, descriptor, { unknownFields: 'skip' });
  // The table of a message is held to its type by the compiler.
  return value as unknown as Checkpoint;
}
