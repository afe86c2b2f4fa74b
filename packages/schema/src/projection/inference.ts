// What a projection tells a connector about its location.

import type { Inference } from '@weir/protocol';
import { canonicalJson } from '../json/stringify.ts';
import type { Location } from '../shape/locate.ts';
import { ARRAY, NUMBER, STRING, typeNames } from '../shape/types.ts';

/** Flow protocol, Inference: facets are present for the types that can occur; 0 and '' stand for no bound. */
export function inferenceOf({ shape, exists }: Location): Inference {
  const { types } = shape;
  const itemTypes = [...shape.tuple, ...(shape.items === undefined ? [] : [shape.items])].reduce(
    (all, item) => all | item.types,
    0,
  );
  return {
    types: typeNames(types),
    ...((types & STRING) === 0
      ? {}
      : {
          string: {
            contentType: shape.contentMediaType,
            format: shape.format,
            contentEncoding: shape.contentEncoding,
            maxLength: finiteOr0(shape.maxLength),
          },
        }),
    ...((types & NUMBER) === 0
      ? {}
      : {
          numeric: {
            hasMinimum: Number.isFinite(shape.minimum),
            minimum: finiteOr0(shape.minimum),
            hasMaximum: Number.isFinite(shape.maximum),
            maximum: finiteOr0(shape.maximum),
          },
        }),
    ...((types & ARRAY) === 0
      ? {}
      : {
          array: {
            minItems: shape.minItems,
            hasMaxItems: Number.isFinite(shape.maxItems),
            maxItems: finiteOr0(shape.maxItems),
            itemTypes: typeNames(itemTypes),
          },
        }),
    title: shape.title ?? '',
    description: shape.description ?? '',
    ...(shape.default === undefined ? {} : { default: canonicalJson(shape.default) }),
    secret: shape.secret,
    exists,
    enum: (shape.enum ?? []).map(canonicalJson),
  };
}

/** The time of publication, which the runtime reads out of the document's UUID. */
export const publicationTime: Inference = {
  types: ['string'],
  string: { contentType: '', format: 'date-time', contentEncoding: 'uuid', maxLength: 0 },
  title: 'Flow Publication Time',
  description: 'When the document was added to its collection.',
  secret: false,
  exists: 'MUST',
  enum: [],
};

/** Whether the runtime cut anything out of the document before the connector saw it. */
export const truncationIndicator: Inference = {
  types: ['boolean'],
  title: 'Flow truncation indicator',
  description: 'Whether any value of the row was shortened to keep within limits.',
  secret: false,
  exists: 'MUST',
  enum: [],
};

function finiteOr0(bound: number): number {
  return Number.isFinite(bound) ? bound : 0;
}
