import {
  assertDistinctResources,
  constraints,
  type ValidateBinding,
  type ValidateTarget,
} from '@weir/materialize';
import { CHECKPOINTS_TABLE, endpointRules } from '@weir/materialize-sql';
import type { MaterializeValidatedBinding } from '@weir/protocol';
import type { EndpointConfig, ResourceConfig } from './config.ts';
import { explained, openForReading, requireWritable } from './database.ts';
import { sqlite } from './dialect.ts';
import { errors } from './errors.ts';
import { readInfoSchema } from './info-schema.ts';

export const rules = endpointRules(sqlite);

function resourcePath({ resource }: ValidateBinding<ResourceConfig>): string[] {
  const { table } = resource;
  if (/^sqlite_/i.test(table) || table.toLowerCase() === CHECKPOINTS_TABLE) {
    throw errors.SQLITE_TABLE_NAME({ message: `The table name ${table} is reserved.` });
  }
  return [table];
}

/** Looks at the file, if there is one, and changes nothing. */
export async function validate(
  config: EndpointConfig,
  target: ValidateTarget<ResourceConfig>,
): Promise<MaterializeValidatedBinding[]> {
  requireWritable(config.path);
  using database = openForReading(config.path);
  return explained(config.path, () => {
    const info = readInfoSchema(database);
    const paths = target.bindings.map(resourcePath);
    assertDistinctResources(paths, info);
    return target.bindings.map((binding, index) => {
      const path = paths[index] ?? [];
      const deltaUpdates = binding.resource.delta_updates;
      return {
        constraints: constraints({ ...binding, resourcePath: path, deltaUpdates }, target.last, info, rules),
        resourcePath: path,
        deltaUpdates,
        caseInsensitiveFields: sqlite.caseInsensitiveFields,
      };
    });
  });
}
