// A stream that has parts in one configuration and none in another: its state is that of one of them, the main one. Where parts
// come or go that one goes on from what it has, instead of reading everything again and missing what was deleted meanwhile.

import { getProperty, isJsonObject, type JsonObject, setProperty } from '@weir/schema/json';
import type { ApiBinding } from './api-binding.ts';

/** What a state holds, and the member by which one without parts is told from one with parts. */
const fields = { inc: 'cursor', backfill: 'cutoff', snapshot: 'updated_at' } as const;

/** The state in the form that the stream has now. Of other parts than the main one nothing is left where there are none. */
export function underParts({ stream, main }: ApiBinding, json: JsonObject): JsonObject {
  if (main === undefined || stream.kind === 'feed') return json;
  const hasParts = 'named' in stream.parts;
  const changed = { ...json };
  for (const [field, member] of Object.entries(fields)) {
    const value = getProperty(json, field) ?? null;
    if (!isJsonObject(value) || hasParts !== Object.hasOwn(value, member)) continue;
    if (hasParts) {
      const parts: JsonObject = {};
      setProperty(parts, main, value);
      changed[field] = parts;
      continue;
    }
    const own = getProperty(value, main) ?? null;
    if (isJsonObject(own)) changed[field] = own;
    else delete changed[field];
  }
  return changed;
}
