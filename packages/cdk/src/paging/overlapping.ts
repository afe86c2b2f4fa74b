// Offsets of a list that is sorted by a number that its records keep. An offset shifts when a record above it vanishes, and what
// shifted out of the next page would be lost. So pages overlap by a record: one that does not begin with the last record of the
// page before has left something out, and what is above it is read again.

import { parsePointer, resolvePointer } from '@weir/schema';
import { parseJson } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { type Paging, withParameter } from './paging.ts';

export interface OverlappingOptions {
  readonly param: string;
  /** The parameter of the number of records on a page, and that number. */
  readonly size: readonly [param: string, records: number];
  /** Where a record has its number. */
  readonly by: string;
  /** Where the body says whether there is a next page. */
  readonly more: string;
}

/**
 * Records come more than once. A position is an offset, the last record that was read, and how often the list had shifted, without
 * which a page that is read again would be taken for a list that goes in a circle: `499/1234/0`.
 */
export function overlapping({
  param,
  size: [sizeParam, size],
  by,
  more,
}: OverlappingOptions): Paging<'stable'> {
  const numberAt = parsePointer(by);
  const moreAt = parsePointer(more);
  const numberOf = (record: Buffer | undefined): number =>
    record === undefined ? NaN : Number(resolvePointer(parseJson(record), numberAt));
  return {
    name: `offsets as ${param}, which overlap`,
    stability: 'stable',
    request: (base, position) =>
      withParameter(withParameter(base, sizeParam, size), param, placeOf(position).offset),
    next: ({ envelope, count, first, last, position }) => {
      const { offset, seen, shifts } = placeOf(position);
      const [begins, ends] = [numberOf(first), numberOf(last)];
      if (ends < begins) {
        throw errors.CDK_ORDER_BROKEN({
          message: `A list has a record of ${ends} at ${by} behind ${begins}.`,
        });
      }
      // Nothing of what was read is on the page, which may have nothing at all.
      if (offset > 0 && !(begins <= seen)) return `${Math.max(0, offset - size)}/${seen}/${shifts + 1}`;
      if (resolvePointer(envelope, moreAt) !== true) return undefined;
      return `${offset + count - 1}/${ends}/${shifts}`;
    },
  };
}

function placeOf(position: string | number | undefined): Record<'offset' | 'seen' | 'shifts', number> {
  const [offset = 0, seen = 0, shifts = 0] =
    position === undefined ? [] : String(position).split('/').map(Number);
  return { offset, seen, shifts };
}
