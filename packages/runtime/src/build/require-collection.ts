import type { Catalog } from '../catalog/load-catalog.ts';
import type { CollectionModel } from '../catalog/model.ts';
import { errors } from '../errors.ts';

/** A loaded catalog has every collection that an enabled binding names. */
export function requireCollection(catalog: Catalog, name: string): CollectionModel {
  const found = catalog.collections.get(name);
  if (found !== undefined) return found;
  throw errors.CATALOG_INVALID({ message: `${catalog.root.name}: there is no collection "${name}".` });
}
