// What a destination holds, as its catalogue tells it: namespaces, and resources (tables) with their fields (columns).
// Every look-up goes through the endpoint's naming, because a name in the catalogue may be folded, cut or sanitised.

/** How the names of a task become the names of the endpoint. */
export interface EndpointNaming {
  /** The place in the catalogue of a binding's resource, from its resource path. */
  locate(resourcePath: readonly string[]): readonly string[];
  translateNamespace(name: string): string;
  translateField(field: string): string;
  readonly caseInsensitiveFields: boolean;
  readonly caseInsensitiveResources: boolean;
}

/** Names as they are. */
export const IDENTICAL_NAMING: EndpointNaming = {
  locate: (resourcePath) => resourcePath,
  translateNamespace: (name) => name,
  translateField: (field) => field,
  caseInsensitiveFields: false,
  caseInsensitiveResources: false,
};

export interface ExistingField {
  /** The endpoint's own name of it. */
  readonly name: string;
  readonly nullable: boolean;
  /** The endpoint's name of its type, without length. */
  readonly type: string;
  /** 0: unknown, or without limit. */
  readonly characterMaxLength: number;
  readonly hasDefault: boolean;
  /** What else the dialect wants to know about it. */
  readonly meta?: unknown;
}

export interface ExistingResource {
  readonly location: readonly string[];
  readonly fields: readonly ExistingField[];
  readonly meta?: unknown;
}

export class InfoSchema {
  readonly naming: EndpointNaming;
  readonly #namespaces = new Set<string>();
  readonly #resources = new Map<string, { resource: ExistingResource; fields: Map<string, ExistingField> }>();

  /** Throws when a resource has the same field twice. Of two resources at one location the first counts. */
  constructor(
    naming: EndpointNaming,
    found: { readonly namespaces?: Iterable<string>; readonly resources: Iterable<ExistingResource> },
  ) {
    this.naming = naming;
    for (const namespace of found.namespaces ?? []) this.#namespaces.add(this.#foldResource(namespace));
    for (const resource of found.resources) {
      const key = this.#locationKey(resource.location);
      if (!this.#resources.has(key)) this.#resources.set(key, { resource, fields: this.#index(resource) });
    }
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.has(this.#foldResource(this.naming.translateNamespace(name)));
  }

  resource(resourcePath: readonly string[]): ExistingResource | undefined {
    return this.#entry(resourcePath)?.resource;
  }

  /** The column that a field of the collection is materialized to. */
  field(resourcePath: readonly string[], field: string): ExistingField | undefined {
    return this.#entry(resourcePath)?.fields.get(this.columnOf(field));
  }

  /** The columns that are none of these fields. */
  unselectedFields(resourcePath: readonly string[], selected: Iterable<string>): readonly ExistingField[] {
    const columns = new Set([...selected].map((field) => this.columnOf(field)));
    const fields = this.#entry(resourcePath)?.fields ?? new Map<string, ExistingField>();
    return [...fields].filter(([column]) => !columns.has(column)).map(([, field]) => field);
  }

  /** A field's column as it is compared: translated, and folded where case does not count. */
  columnOf(field: string): string {
    return this.#foldField(this.naming.translateField(field));
  }

  /** Of the given paths, those that share their location with another one. */
  ambiguousResourcePaths(paths: readonly (readonly string[])[]): readonly (readonly string[])[] {
    const counts = new Map<string, number>();
    const keys = paths.map((path) => this.#locationKey(this.naming.locate(path)));
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return paths.filter((_path, index) => (counts.get(keys[index] ?? '') ?? 0) > 1);
  }

  #entry(resourcePath: readonly string[]) {
    return this.#resources.get(this.#locationKey(this.naming.locate(resourcePath)));
  }

  #locationKey(location: readonly string[]): string {
    return JSON.stringify(location.map((part) => this.#foldResource(part)));
  }

  #index(resource: ExistingResource): Map<string, ExistingField> {
    const fields = new Map<string, ExistingField>();
    for (const field of resource.fields) {
      const column = this.#foldField(field.name);
      if (fields.has(column))
        throw new TypeError(`${resource.location.join('.')} has two fields ${field.name}`);
      fields.set(column, field);
    }
    return fields;
  }

  #foldField(name: string): string {
    return this.naming.caseInsensitiveFields ? name.toLowerCase() : name;
  }

  #foldResource(name: string): string {
    return this.naming.caseInsensitiveResources ? name.toLowerCase() : name;
  }
}
