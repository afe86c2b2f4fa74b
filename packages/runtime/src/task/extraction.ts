// Packs the values of chosen locations of a document: a binding's key, and the fields of a selection.
//
// Flow protocol, packed tuples: arrays and objects travel as bytes of compact JSON; a location that is missing takes its
// schema's default, else null; the publication time comes out of the document's UUID with nine digits of a second.

import {
  type JsonText,
  type Projection,
  type TuplePacker,
  unixTimeAt,
  unixTimeOfUuid,
  UUID_LENGTH,
} from '@weir/protocol';
import {
  type DocumentScanner,
  ExactNumber,
  type JsonObject,
  type JsonValue,
  parseJson,
  parsePointer,
  type Pointer,
  resolvePointer,
  SlotKind,
  stringifyJson,
} from '@weir/schema';

/** Locations that a scanner notes, each once. */
export class Slots {
  readonly pointers: Pointer[] = [];
  readonly #places = new Map<string, number>();

  /** The slot of a pointer. */
  place(pointer: Pointer): number {
    const key = JSON.stringify(pointer);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.pointers.length);
    return this.pointers.push(pointer) - 1;
  }
}

interface Field {
  readonly pointer: Pointer;
  /** The name of a property of the root, when that is all the pointer says. */
  readonly name: string | undefined;
  readonly kind: 'value' | 'publishedAt' | 'truncated';
  readonly default: JsonValue;
}

export class Extractor {
  readonly #fields: readonly Field[];
  #slots: readonly number[] = [];

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
  }

  /** Says which locations `packScanned` takes from a scanner. */
  useSlots(slots: Slots): void {
    this.#slots = this.#fields.map(({ pointer, kind }) => (kind === 'truncated' ? -1 : slots.place(pointer)));
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

  /** As `pack`, for a document that a scanner has accepted, which was not truncated. */
  packScanned(scanner: DocumentScanner, packer: TuplePacker): void {
    for (let index = 0; index < this.#fields.length; index += 1) {
      const { kind, default: byDefault } = this.#fields[index] as Field;
      if (kind === 'truncated') {
        packer.boolean(false);
        continue;
      }
      const slot = this.#slots[index] as number;
      switch (scanner.slotKind(slot)) {
        case SlotKind.text: {
          const start = scanner.slotStart(slot);
          const end = scanner.slotEnd(slot);
          if (kind === 'publishedAt') packPublishedAt(scanner.bytes, start, end, packer);
          // JSON has no zero byte in a string.
          else packer.text(scanner.bytes, start, end);
          break;
        }
        case SlotKind.number:
          packNumber(scanner.slotNumber(slot), packer);
          break;
        default: {
          const found = scanner.slotValue(slot);
          const value = found === undefined ? byDefault : found;
          if (kind === 'publishedAt' && typeof value === 'string') packer.string(publishedAt(value));
          else packValue(value, packer);
        }
      }
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

const lastSecondOf9999 = 253_402_300_799;

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
      packNumber(value, packer);
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

function packNumber(value: number, packer: TuplePacker): void {
  if (Number.isSafeInteger(value)) packer.integer(value);
  else packer.double(value);
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

const packedTime = Buffer.from('0000-00-00T00:00:00.000000000Z', 'latin1');
let packedSecond = Number.NaN;

/** Packs `publishedAt` of the UUID in bytes [start, end). */
function packPublishedAt(bytes: Buffer, start: number, end: number, packer: TuplePacker): void {
  const time = end - start === UUID_LENGTH ? unixTimeAt(bytes, start) : undefined;
  // Years of more or fewer digits would not fit.
  if (time === undefined || time.seconds < 0 || time.seconds > lastSecondOf9999) {
    packer.string(publishedAt(bytes.toString('utf8', start, end)));
    return;
  }
  if (time.seconds !== packedSecond) {
    packedSecond = time.seconds;
    packedTime.write(secondText(time.seconds), 'latin1');
  }
  let rest = time.nanoseconds;
  for (let at = packedTime.length - 2; at >= packedTime.length - 10; at -= 1) {
    const next = (rest / 10) | 0;
    packedTime[at] = 0x30 + (rest - next * 10);
    rest = next;
  }
  packer.text(packedTime, 0, packedTime.length);
}
