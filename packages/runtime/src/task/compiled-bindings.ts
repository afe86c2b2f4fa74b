// Compiling the schemas of a binding takes tens of milliseconds. When a session follows another because the schema of
// one collection has grown, the other bindings go on as they are.

import type { MaterializationBindingSpec } from '@weir/protocol';
import { inferredSchemaOf } from '../store/inferred-schema.ts';
import type { Store } from '../store/store.ts';
import { MaterializedBinding } from './materialized-binding.ts';

export class CompiledBindings {
  readonly #store: Store;
  #known = new Map<string, MaterializedBinding>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Keeps these until it is asked again. */
  of(specs: readonly MaterializationBindingSpec[]): MaterializedBinding[] {
    const entries = specs.map((spec, index): [string, MaterializedBinding] => {
      const identity = `${index} ${JSON.stringify(spec)}`;
      return [identity, this.#known.get(identity) ?? this.#compile(spec, index)];
    });
    this.#known = new Map(entries);
    return entries.map(([, binding]) => binding);
  }

  #compile(spec: MaterializationBindingSpec, index: number): MaterializedBinding {
    return new MaterializedBinding(index, spec, () => inferredSchemaOf(this.#store, spec.collection.name));
  }
}
