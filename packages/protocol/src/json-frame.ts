// One JSON line to one message: finds the member that is set, and reads it by hand or by its table.

import type { DirectionDescriptor, Member } from './descriptors/direction.ts';
import { errors } from './errors.ts';
import type { HotFields } from './hot-fields.ts';
import { readJsonHot } from './hot-json.ts';
import { hotMessage } from './hot-message.ts';
import { jsonKey, readJsonMessage } from './json-read.ts';
import { isJsonName, isJsonNull, JsonObjectCursor, skipJsonWhitespace } from './json-slice.ts';
import type { MessageValue, ReadOptions } from './message-value.ts';

/** undefined for a blank line, and for a frame without a member that is known here. */
export function decodeJsonFrame(
  direction: DirectionDescriptor,
  fields: HotFields,
  bytes: Buffer,
  start: number,
  end: number,
  options: ReadOptions,
): MessageValue | undefined {
  if (skipJsonWhitespace(bytes, start, end) === end) return undefined;
  const cursor = new JsonObjectCursor(bytes, start, end);
  let found: Member | undefined;
  let message: MessageValue | undefined;
  let isEmpty = true;
  while (cursor.nextKey()) {
    isEmpty = false;
    const member = findMember(direction, bytes, cursor.keyStart, cursor.keyEnd);
    if (member === undefined) {
      const name = jsonKey(bytes, cursor.keyStart, cursor.keyEnd);
      if (options.unknownFields === 'reject' && name !== '$internal') {
        throw errors.PROTOCOL_UNKNOWN_FIELD({
          message: `${direction.name} has the unknown member '${name}'.`,
        });
      }
      cursor.skipValue();
      continue;
    }
    if (isJsonNull(bytes, cursor.valueStart)) {
      cursor.skipValue();
      continue;
    }
    if (found !== undefined) {
      throw errors.PROTOCOL_MALFORMED({
        message: `A ${direction.name} message is both ${found.kind} and ${member.kind}.`,
      });
    }
    found = member;
    message = readMember(member, fields, cursor, bytes, options);
  }
  if (isEmpty) throw errors.PROTOCOL_MALFORMED({ message: `A ${direction.name} message is empty.` });
  if (skipJsonWhitespace(bytes, cursor.position, end) !== end) {
    throw errors.PROTOCOL_MALFORMED({ message: `A line of ${direction.name} holds more than one object.` });
  }
  return message;
}

function findMember(
  direction: DirectionDescriptor,
  bytes: Buffer,
  start: number,
  end: number,
): Member | undefined {
  for (const member of direction.members) if (isJsonName(bytes, start, end, member.nameBytes)) return member;
  return direction.byName.get(jsonKey(bytes, start, end));
}

function readMember(
  member: Member,
  fields: HotFields,
  cursor: JsonObjectCursor,
  bytes: Buffer,
  options: ReadOptions,
): MessageValue {
  switch (member.kind) {
    case 'captured':
    case 'loaded':
    case 'load':
    case 'store':
      fields.reset();
      cursor.position = readJsonHot(fields, bytes, cursor.valueStart, cursor.end);
      return hotMessage(member.kind, fields);
    default:
      cursor.skipValue();
      return {
        kind: member.kind,
        ...readJsonMessage(bytes, cursor.valueStart, cursor.valueEnd, member.message, options),
      };
  }
}
