// Rules that the bindings of captures and materializations share.

import { createHash } from 'node:crypto';
import { stateKey } from '@weir/protocol';
import type { JsonText } from '@weir/protocol';
import { canonicalJson, parseJson } from '@weir/schema';
import { formatPlace } from '../catalog/place.ts';
import type { Place } from '../catalog/place.ts';
import { errors } from '../errors.ts';
import type { RequestedBackfills } from '../store/store.ts';

/** 16 hex digits that change when the specification does. */
export function versionOf(specification: JsonText): string {
  return createHash('sha256').update(specification).digest('hex').slice(0, 16);
}

interface Validated {
  readonly resourcePath: readonly string[];
}

/** The answers fit the bindings one to one, and no two bindings name the same resource. */
export function checkResourcePaths(
  task: string,
  models: readonly { readonly place: Place }[],
  validated: readonly Validated[],
): void {
  if (validated.length !== models.length) {
    throw errors.CONNECTOR_PROTOCOL({
      message: `The connector of ${task} validated ${validated.length} bindings, and was asked about ${models.length}.`,
    });
  }
  const seen = new Map<string, Place>();
  for (const [index, { resourcePath }] of validated.entries()) {
    const place = models[index]?.place;
    if (place === undefined) continue;
    if (resourcePath.length === 0) {
      throw errors.CONNECTOR_PROTOCOL({
        message: `The connector of ${task} gave no resource path for the binding at ${formatPlace(place)}.`,
      });
    }
    const identity = JSON.stringify(resourcePath);
    const earlier = seen.get(identity);
    if (earlier !== undefined) {
      throw errors.BUILD_RESOURCE_DUPLICATE({
        message: `${formatPlace(place)}: this binding and the one at ${formatPlace(earlier)} are both of ${resourcePath.join('.')}.`,
      });
    }
    seen.set(identity, place);
  }
}

interface LastBinding {
  readonly resourceConfig: JsonText;
  readonly resourcePath: readonly string[];
  readonly backfill: number;
}

interface CountedBinding {
  readonly resource: JsonText;
  readonly backfill: number;
}

interface BuiltBinding {
  readonly resourceConfig: JsonText;
  readonly resourcePath: readonly string[];
  readonly stateKey: string;
}

/** Bindings that the task had and has no more: connectors may want to know what became inactive. */
export function inactiveBindings<B extends BuiltBinding>(
  active: readonly BuiltBinding[],
  last: { readonly bindings: readonly B[]; readonly inactiveBindings: readonly B[] } | undefined,
): B[] {
  const paths = new Set(active.map((binding) => JSON.stringify(binding.resourcePath)));
  const inactive: B[] = [];
  for (const binding of [...(last?.bindings ?? []), ...(last?.inactiveBindings ?? [])]) {
    const path = JSON.stringify(binding.resourcePath);
    if (!paths.has(path)) inactive.push(binding);
    paths.add(path);
  }
  return inactive;
}

/**
 * The backfill counter of each binding: the catalog's own, plus what was asked for. It never goes down, whatever is edited
 * in the catalog: with an earlier counter a binding would go on from where it was then, with a table that is made anew.
 * Requests are kept by resource path, which only the connector can tell; before it has, the last specification is asked for
 * a binding of the same resource.
 */
export class BackfillCounters {
  readonly #stored: ReadonlyMap<string, RequestedBackfills>;
  readonly #least: Map<string, number>;
  readonly #known: Map<string, string>;

  constructor(stored: ReadonlyMap<string, RequestedBackfills> | undefined, last: readonly LastBinding[]) {
    this.#stored = stored ?? new Map();
    this.#least = new Map([...this.#stored].map(([binding, { least }]) => [binding, least]));
    this.#known = new Map();
    for (const { resourceConfig, resourcePath, backfill } of last) {
      const binding = stateKey(resourcePath, 0);
      this.#known.set(canonicalJson(parseJson(resourceConfig)), binding);
      this.#atLeast(binding, backfill);
    }
  }

  of(model: CountedBinding): number {
    const binding = this.#bindingOf(model);
    if (binding === undefined) return model.backfill;
    const asked = model.backfill + (this.#stored.get(binding)?.count ?? 0);
    return Math.max(asked, this.#least.get(binding) ?? 0);
  }

  /** Takes note of a resource path; true when the counter that was sent for it has to change. */
  learn(model: CountedBinding, path: readonly string[]): boolean {
    const before = this.of(model);
    this.#known.set(canonicalJson(parseJson(model.resource)), stateKey(path, 0));
    return this.of(model) !== before;
  }

  /** Once its resource path is known. */
  request(model: CountedBinding): void {
    const binding = this.#bindingOf(model);
    if (binding !== undefined) this.#atLeast(binding, this.of(model) + 1);
  }

  /** By binding: how many backfills are still to be stored as requested, for the counters to stay what they are. */
  unstored(models: readonly CountedBinding[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const model of models) {
      const binding = this.#bindingOf(model);
      if (binding === undefined) continue;
      const count = this.of(model) - model.backfill - (this.#stored.get(binding)?.count ?? 0);
      if (count > 0) counts.set(binding, count);
    }
    return counts;
  }

  #bindingOf(model: CountedBinding): string | undefined {
    return this.#known.get(canonicalJson(parseJson(model.resource)));
  }

  #atLeast(binding: string, counter: number): void {
    this.#least.set(binding, Math.max(this.#least.get(binding) ?? 0, counter));
  }
}
