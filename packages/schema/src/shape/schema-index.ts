// Finds the schema that a `$ref` names: by `$id`, by `$anchor`, by JSON pointer, or by the URI of a schema given beside.

import { parsePointer, resolvePointer } from '../json/pointer.ts';
import { getProperty, isJsonObject, type JsonValue } from '../json/value.ts';
import { errors } from '../errors.ts';
import { toCurrentDialect } from '../validate/dialect.ts';
import { eachSubschema, isSchema, type SchemaValue } from '../validate/subschemas.ts';

/** A schema, and the URI that its relative references resolve against. */
export interface Located {
  readonly schema: SchemaValue;
  readonly baseUri: string;
}

const DEFAULT_BASE = 'schema://root';

export class SchemaIndex {
  /** By URI, with `#anchor` where there is one, never with a lone `#`. */
  readonly #schemas = new Map<string, Located>();
  readonly root: Located;

  /** Schemas of any supported dialect; `refs` by URI. */
  constructor(schema: JsonValue, refs: Readonly<Record<string, JsonValue>> = {}, baseUri = DEFAULT_BASE) {
    for (const [uri, ref] of Object.entries(refs))
      this.#add(toCurrentDialect(ref), withoutHash(resolve(uri, baseUri)), true);
    this.root = this.#add(toCurrentDialect(schema), withoutHash(baseUri), true);
  }

  /** The target of a reference. Throws SCHEMA_INVALID when there is none. */
  find(reference: string, baseUri: string): Located {
    const uri = resolve(reference, baseUri);
    const [document, fragment] = splitHash(uri);
    const anchored = this.#schemas.get(fragment === '' ? document : `${document}#${fragment}`);
    if (anchored !== undefined) return anchored;
    const found = fragment.startsWith('/') ? this.#follow(document, decodeURIComponent(fragment)) : undefined;
    if (found === undefined) {
      throw errors.SCHEMA_INVALID({
        message: `the schema cannot be used: can't resolve reference ${reference}`,
      });
    }
    return found;
  }

  #follow(document: string, pointer: string): Located | undefined {
    const from = this.#schemas.get(document);
    if (from === undefined || !isJsonObject(from.schema)) return undefined;
    const schema = resolvePointer(from.schema, parsePointer(pointer));
    return isSchema(schema) ? { schema, baseUri: from.baseUri } : undefined;
  }

  #add(schema: JsonValue, parentBase: string, isDocument: boolean): Located {
    const id = isJsonObject(schema) ? getProperty(schema, '$id') : undefined;
    const baseUri = typeof id === 'string' ? withoutHash(resolve(id, parentBase)) : parentBase;
    const located: Located = { schema: isSchema(schema) ? schema : true, baseUri };
    if (isDocument) this.#schemas.set(parentBase, located);
    if (typeof id === 'string') this.#schemas.set(baseUri, located);
    if (isJsonObject(schema)) {
      for (const keyword of ['$anchor', '$dynamicAnchor']) {
        const anchor = getProperty(schema, keyword);
        if (typeof anchor === 'string') this.#schemas.set(`${baseUri}#${anchor}`, located);
      }
      eachSubschema(schema, (subschema) => this.#add(subschema, baseUri, false));
    }
    return located;
  }
}

function resolve(reference: string, baseUri: string): string {
  return URL.parse(reference, baseUri)?.href ?? reference;
}

function splitHash(uri: string): [document: string, fragment: string] {
  const at = uri.indexOf('#');
  return at === -1 ? [uri, ''] : [uri.slice(0, at), uri.slice(at + 1)];
}

function withoutHash(uri: string): string {
  return splitHash(URL.parse(uri)?.href ?? uri)[0];
}
