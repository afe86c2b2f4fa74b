// Packs the values of chosen locations of a document: a binding's key, and the fields of a selection.
//
// Flow protocol, packed tuples: arrays and objects travel as bytes of compact JSON; a location that is missing takes its
// schema's default, else null; the publication time comes out of the document's UUID with nine digits of a second.

import { type JsonText, type Projection, type TuplePacker, unixTimeOfUuid } from '@weir/protocol';
import {
  ExactNumber,
  type JsonObject,
  type JsonValue,
  parseJson,
  parsePointer,
  type Pointer,
  resolvePointer,
  stringifyJson,
} from '@weir/schema';

interface Field {
  readonly pointer: Pointer;
  /** The name of a property of the root, when that is all the pointer says. */
  readonly name: string | undefined;
  readonly kind: 'value' | 'publishedAt' | 'truncated';
  readonly default: JsonValue;
}

export class Extractor {
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
  }

  /** Of a key's pointers; `defaults` are those of the schema at these locations. */
  static ofKey(pointers: readonly string[], defaults: readonly (JsonValue | undefined)[]): Extractor {
    return new Extractor(pointers.map((pointer, index) => field(pointer, 'value', defaults[index])));
  }

  static ofProjections(projections: readonly Projection[]): Extractor {
    return new Extractor(
      projections.map(({ ptr, inference }) => {
        const isTime = ptr === '/_meta/uuid' && inference.string?.format === 'date-time';
        const kind = isTime ? 'publishedAt' : ptr === '/_meta/flow_truncated' ? 'truncated' : 'value';
        return field(ptr, kind, defaultOf(inference.default));
      }),
    );
  }

  /** Appends one element per location. `truncated`: what the truncation indicator says. */
  pack(document: JsonObject, packer: TuplePacker, truncated = false): void {
    for (const { pointer, name, kind, default: byDefault } of this.#fields) {
      if (kind === 'truncated') {
        packer.boolean(truncated);
        continue;
      }
      const found =
        name === undefined
          ? resolvePointer(document, pointer)
          : Object.hasOwn(document, name)
            ? document[name]
            : undefined;
      const value = found === undefined ? byDefault : found;
      if (kind === 'publishedAt' && typeof value === 'string') packer.string(publishedAt(value));
      else packValue(value, packer);
    }
  }
}

function field(pointer: string, kind: Field['kind'], byDefault: JsonValue | undefined): Field {
  const tokens = parsePointer(pointer);
  const [name] = tokens;
  return { pointer: tokens, name: tokens.length === 1 ? name : undefined, kind, default: byDefault ?? null };
}

function defaultOf(text: JsonText | undefined): JsonValue | undefined {
  return text === undefined || text === '' ? undefined : parseJson(text);
}

const least = -(2n ** 63n);
const greatest = 2n ** 64n - 1n;

function packValue(value: JsonValue, packer: TuplePacker): void {
  switch (typeof value) {
    case 'string':
      packer.string(value);
      return;
    case 'boolean':
      packer.boolean(value);
      return;
    case 'number':
      if (Number.isSafeInteger(value)) packer.integer(value);
      else packer.double(value);
      return;
    case 'bigint':
      if (value >= least && value <= greatest) packer.integer(value);
      else packer.double(Number(value));
      return;
    default:
      if (value === null) packer.null();
      else if (value instanceof ExactNumber) packer.double(value.valueOf());
      else packer.bytes(Buffer.from(stringifyJson(value)));
  }
}

let lastSecond = Number.NaN;
let lastSecondText = '';

/** `YYYY-MM-DDTHH:MM:SS.`; documents of one transaction are mostly of one second. */
function secondText(seconds: number): string {
  if (seconds !== lastSecond) {
    lastSecond = seconds;
    lastSecondText = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.`;
  }
  return lastSecondText;
}

/** `YYYY-MM-DDTHH:MM:SS.nnnnnnnnnZ`, whose order as text is the order in time; other text stays as it is. */
export function publishedAt(uuid: string): string {
  const time = unixTimeOfUuid(uuid);
  if (time === undefined) return uuid;
  return `${secondText(time.seconds)}${String(time.nanoseconds).padStart(9, '0')}Z`;
}
