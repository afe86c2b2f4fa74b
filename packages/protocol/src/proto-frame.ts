// One protobuf frame to one message: finds the member that is set, and reads it by hand or by its table.

import { readCapturedFrame } from './captured-frame.ts';
import type { DirectionDescriptor, Member } from './descriptors/direction.ts';
import { INTERNAL_FIELD } from './descriptors/direction.ts';
import { captureResponse } from './descriptors/capture.ts';
import { materializeRequest } from './descriptors/materialize.ts';
import { errors } from './errors.ts';
import type { HotFields } from './hot-fields.ts';
import { hotMessage } from './hot-message.ts';
import { readProtoDocument, readProtoStore } from './hot-proto.ts';
import type { MessageValue, ReadOptions } from './message-value.ts';
import { ProtoReader } from './proto-reader.ts';
import { readProtoMessage } from './proto-read.ts';
import { readStoreFrame, StoreFrame } from './store-frame.ts';

/** undefined for a frame without a member that is known here. */
export function decodeProtoFrame(
  direction: DirectionDescriptor,
  fields: HotFields,
  bytes: Buffer,
  start: number,
  end: number,
  options: ReadOptions,
): MessageValue | undefined {
  if (direction === materializeRequest) {
    const store = fields.storeFrame ?? new StoreFrame();
    if (readStoreFrame(store, bytes, start, end)) return store as unknown as MessageValue;
  }
  const captured = fields.capturedFrame;
  if (direction === captureResponse && captured !== undefined) {
    if (readCapturedFrame(captured, bytes, start, end)) return captured as unknown as MessageValue;
  }
  const reader = new ProtoReader(bytes, start, end);
  let member: Member | undefined;
  let bodyStart = 0;
  let bodyEnd = 0;
  while (reader.position < end) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    const found = (tag & 7) === 2 ? direction.byNumber.get(number) : undefined;
    if (found === undefined) {
      if (options.unknownFields === 'reject' && number !== INTERNAL_FIELD) {
        throw errors.PROTOCOL_UNKNOWN_FIELD({
          message: `${direction.name} has the unknown number ${number}.`,
        });
      }
      reader.skipField(tag & 7);
      continue;
    }
    if (member !== undefined && member !== found) {
      throw errors.PROTOCOL_MALFORMED({
        message: `A ${direction.name} message is both ${member.kind} and ${found.kind}.`,
      });
    }
    member = found;
    const length = reader.varint();
    bodyStart = reader.skip(length);
    bodyEnd = reader.position;
  }
  if (member === undefined) {
    if (start < end) return undefined;
    throw errors.PROTOCOL_MALFORMED({ message: `A ${direction.name} message is empty.` });
  }
  switch (member.kind) {
    case 'captured':
    case 'loaded':
    case 'sourcedSchema':
      fields.reset();
      readProtoDocument(fields, bytes, bodyStart, bodyEnd);
      return hotMessage(member.kind, fields);
    case 'load':
    case 'store':
      fields.reset();
      readProtoStore(fields, bytes, bodyStart, bodyEnd);
      return hotMessage(member.kind, fields);
    default: {
      // They are few and may be kept for long, when the chunk is long gone.
      const own = Buffer.from(bytes.subarray(bodyStart, bodyEnd));
      return {
        kind: member.kind,
        ...readProtoMessage(new ProtoReader(own, 0, own.length), member.message, options),
      };
    }
  }
}
