// Merging two documents as bytes: properties without annotations are copied as they are, so that the volume of a
// table's columns is never parsed. Whatever is annotated with more than the common strategies is parsed, reduced as a
// value and printed again; the outcome is the same as reducing values.

import type { Active, Location } from '../annotation/location.ts';
import type { Probe } from '../annotation/probe.ts';
import { canonicalJson, type JsonObject, type JsonValue, parseJson, setProperty } from '../json/index.ts';
import { compareNames, ObjectSlices } from './object-slices.ts';
import { reduceAt, type Reduction, strategyOf } from './reduction.ts';
import { SliceSink } from './slice-sink.ts';
import type { Strategy } from './strategy.ts';

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COLON = 0x3a;

interface Range {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** `'parse'`: these documents have to be reduced as values. */
export type MergedBytes = { readonly value: Buffer; readonly deleted: boolean } | 'parse';

export class BytesMerger {
  readonly #root: Location<Strategy>;
  readonly #sink = new SliceSink();
  readonly #pool: ObjectSlices[] = [];
  #used = 0;
  readonly #names = new WeakMap<Active<Strategy>, readonly Buffer[]>();
  readonly #probeNames = new WeakMap<Probe, readonly (readonly [string, Buffer, Probe])[]>();

  constructor(root: Location<Strategy>) {
    this.#root = root;
  }

  /** The reduction of two documents. Throws as `reduceAt` does. */
  reduce(left: Buffer, right: Buffer, run: Reduction): MergedBytes {
    if (this.#root.inert) return { value: right, deleted: false };
    this.#used = 0;
    this.#sink.reset();
    const whole: Range = { bytes: right, start: 0, end: right.length };
    const active = this.#resolve(this.#root, whole);
    if (active === undefined) return 'parse';
    const strategy = strategyOf(active, run.path);
    if (strategy.strategy === 'lastWriteWins' && strategy.associative) {
      return { value: right, deleted: strategy.delete && run.full };
    }
    if (strategy.strategy !== 'merge') return 'parse';
    if (!this.#merge(active, { bytes: left, start: 0, end: left.length }, whole, run)) return 'parse';
    return { value: this.#sink.take(), deleted: strategy.delete && run.full };
  }

  /** What applies to the value in a range; undefined when that takes the whole value. */
  #resolve(location: Location<Strategy>, range: Range): Active<Strategy> | undefined {
    if (location.probe === undefined) return location.plain;
    if (location.probe.whole) return undefined;
    const seen = this.#glimpse(range, location.probe);
    return seen === undefined ? undefined : location.resolve(seen);
  }

  /** As much of a value as a probe asks for; undefined when its bytes cannot be cut. */
  #glimpse(range: Range, probe: Probe): JsonValue | undefined {
    if (probe.whole || range.bytes[range.start] !== OPEN_BRACE) return parseRange(range);
    const slices = this.#slicesOf(range);
    if (slices === undefined) return undefined;
    const seen: JsonObject = {};
    for (const [name, quotedName, inner] of this.#namesOf(probe)) {
      const place = slices.find(quotedName);
      if (place < 0) continue;
      const value = this.#glimpse(valueRange(slices, place), inner);
      if (value === undefined) return undefined;
      setProperty(seen, name, value);
    }
    return seen;
  }

  /** Writes the merged object into the sink; false when the two have to be parsed. */
  #merge(active: Active<Strategy>, leftRange: Range, rightRange: Range, run: Reduction): boolean {
    const annotated = this.#annotated(active);
    if (annotated === undefined) return false;
    const left = this.#slicesOf(leftRange);
    const right = this.#slicesOf(rightRange);
    if (left === undefined || right === undefined) return false;
    return this.#mergeSlices(active, annotated, left, right, run);
  }

  #mergeSlices(
    active: Active<Strategy>,
    annotated: readonly Buffer[],
    left: ObjectSlices,
    right: ObjectSlices,
    run: Reduction,
  ): boolean {
    const sink = this.#sink;
    sink.byte(OPEN_BRACE);
    let first = true;
    let at = 0;
    let next = 0;
    for (let place = 0; place < right.count; place += 1) {
      const nameStart = right.nameStart(place);
      const nameEnd = right.nameEnd(place);
      let order = 1;
      while (at < left.count) {
        order = compareNames(
          left.bytes,
          left.nameStart(at),
          left.nameEnd(at),
          right.bytes,
          nameStart,
          nameEnd,
        );
        if (order >= 0) break;
        sink.member(first, left.bytes, left.nameStart(at), left.valueEnd(at));
        first = false;
        at += 1;
      }
      const older = at < left.count && order === 0 ? at++ : -1;
      let name = annotated[next];
      let wanted = 1;
      while (name !== undefined) {
        wanted = compareNames(name, 0, name.length, right.bytes, nameStart, nameEnd);
        if (wanted >= 0) break;
        name = annotated[++next];
      }
      if (name === undefined || wanted !== 0) {
        sink.member(first, right.bytes, nameStart, right.valueEnd(place));
        first = false;
        continue;
      }
      const property = active.annotatedNames?.[next] ?? '';
      run.path.push(property);
      const written = this.#property(active.property(property), left, older, right, place, first, run);
      run.path.pop();
      if (written === 'parse') return false;
      if (written === 'written') first = false;
    }
    for (; at < left.count; at += 1) {
      sink.member(first, left.bytes, left.nameStart(at), left.valueEnd(at));
      first = false;
    }
    sink.byte(CLOSE_BRACE);
    return true;
  }

  #property(
    location: Location<Strategy>,
    left: ObjectSlices,
    older: number,
    right: ObjectSlices,
    newer: number,
    first: boolean,
    run: Reduction,
  ): 'written' | 'dropped' | 'parse' {
    const sink = this.#sink;
    const rightValue = valueRange(right, newer);
    const active = this.#resolve(location, rightValue) ?? location.resolve(parseRange(rightValue));
    const strategy = strategyOf(active, run.path);
    const simple =
      strategy.strategy === 'firstWriteWins' ||
      (strategy.strategy === 'lastWriteWins' && strategy.associative) ||
      (strategy.strategy === 'merge' && older < 0 && !run.full);
    if (simple) {
      if (strategy.strategy === 'lastWriteWins' && strategy.delete && run.full) return 'dropped';
      if (strategy.strategy === 'firstWriteWins' && older >= 0) {
        sink.member(first, left.bytes, left.nameStart(older), left.valueEnd(older));
      } else {
        sink.member(first, right.bytes, right.nameStart(newer), right.valueEnd(newer));
      }
      return 'written';
    }
    const leftValue = older < 0 ? undefined : valueRange(left, older);
    const objects =
      leftValue?.bytes[leftValue.start] === OPEN_BRACE && right.bytes[rightValue.start] === OPEN_BRACE;
    if (strategy.strategy === 'merge' && leftValue !== undefined && objects) {
      if (strategy.delete && run.full) return 'dropped';
      sink.member(first, right.bytes, right.nameStart(newer), right.nameEnd(newer));
      sink.byte(COLON);
      return this.#merge(active, leftValue, rightValue, run) ? 'written' : 'parse';
    }
    const value = reduceAt(location, leftValue && parseRange(leftValue), parseRange(rightValue), run);
    if (run.deleted) return 'dropped';
    sink.member(first, right.bytes, right.nameStart(newer), right.nameEnd(newer));
    sink.text(`:${canonicalJson(value)}`);
    return 'written';
  }

  #annotated(active: Active<Strategy>): readonly Buffer[] | undefined {
    let names = this.#names.get(active);
    if (names === undefined && active.annotatedNames !== undefined) {
      names = active.annotatedNames.map(quoted);
      this.#names.set(active, names);
    }
    return names;
  }

  #namesOf(probe: Probe): readonly (readonly [string, Buffer, Probe])[] {
    let names = this.#probeNames.get(probe);
    if (names === undefined) {
      names = [...probe.properties].map(([name, inner]) => [name, quoted(name), inner] as const);
      this.#probeNames.set(probe, names);
    }
    return names;
  }

  /**
   * The object in a range, read at most once per reduction: deciding on a conditional and merging look at the same
   * objects. Undefined when it has to be parsed.
   */
  #slicesOf({ bytes, start, end }: Range): ObjectSlices | undefined {
    for (let index = 0; index < this.#used; index += 1) {
      const read = this.#pool[index];
      if (read?.start === start && read.bytes === bytes) return read;
    }
    const slices = this.#pool[this.#used] ?? new ObjectSlices();
    this.#pool[this.#used] = slices;
    if (!slices.read(bytes, start, end)) return undefined;
    this.#used += 1;
    return slices;
  }
}

function valueRange(slices: ObjectSlices, place: number): Range {
  return { bytes: slices.bytes, start: slices.valueStart(place), end: slices.valueEnd(place) };
}

function parseRange({ bytes, start, end }: Range): JsonValue {
  return parseJson(bytes.subarray(start, end));
}

/** A name between quotes, unescaped: names that need escapes are never compared as bytes. */
function quoted(name: string): Buffer {
  return Buffer.from(`"${name}"`);
}
