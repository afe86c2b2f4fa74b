// The objects of the hot messages, each with one shape, from what their readers found.

import type { HotFields } from './hot-fields.ts';
import type { MessageValue } from './message-value.ts';

export type HotKind = 'captured' | 'loaded' | 'load' | 'store' | 'sourcedSchema';

export function hotMessage(kind: HotKind, fields: HotFields): MessageValue {
  switch (kind) {
    case 'captured':
    case 'loaded':
      return { kind, binding: fields.binding, doc: fields.doc };
    case 'load':
      return { kind, binding: fields.binding, keyPacked: fields.keyPacked };
    case 'store':
      return {
        kind,
        binding: fields.binding,
        keyPacked: fields.keyPacked,
        valuesPacked: fields.valuesPacked,
        doc: fields.doc,
        exists: fields.exists,
        delete: fields.delete,
      };
    case 'sourcedSchema':
      return { kind, binding: fields.binding, schema: fields.doc.toString('utf8') };
    default:
      return kind satisfies never;
  }
}
