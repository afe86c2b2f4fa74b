import {
  assertDistinctResources,
  constraints,
  type ExistingResource,
  lastBindingOf,
  type RequestContext,
  type ValidateBinding,
  type ValidateTarget,
} from '@weir/materialize';
import { CHECKPOINTS_TABLE } from '@weir/materialize-sql';
import type { MaterializationSpec, MaterializeValidatedBinding } from '@weir/protocol';
import { hasUniqueKey } from './column-meta.ts';
import { type EndpointConfig, endpointSchema, type ResourceConfig, resourcePathOf } from './config.ts';
import { endpointSetup } from './endpoint-setup.ts';
import { errors } from './errors.ts';
import { readInfoSchema } from './info-schema.ts';
import { serverName } from './names.ts';
import { refuseSharedSessions } from './pooler.ts';
import { checkRights, type Right, rightsOf } from './rights.ts';
import { openServer } from './server.ts';

/** Looks at the database, and changes nothing. */
export async function validate(
  config: EndpointConfig,
  target: ValidateTarget<ResourceConfig>,
  context: RequestContext,
): Promise<MaterializeValidatedBinding[]> {
  const { dialect, rules } = endpointSetup(config);
  const paths = target.bindings.map(({ resource }) => resourcePathOf(resource, config));
  for (const path of paths) requireFreeName(path);
  await using server = await openServer(config, context);
  await using connection = await server.connect();
  await refuseSharedSessions(connection, server.connect);
  const info = await readInfoSchema(connection, paths, endpointSchema(config), dialect);
  assertDistinctResources(paths, info);
  const written = (path: readonly string[], rights: readonly Right[], isIndexed: boolean) => {
    const [schema = '', table = ''] = info.naming.locate(path);
    return { schema, table, isThere: info.resource(path) !== undefined, rights, hasUniqueKey: isIndexed };
  };
  const tables = [
    written([endpointSchema(config), CHECKPOINTS_TABLE], rightsOf(false, false), true),
    ...target.bindings.map((binding, index) => {
      const path = paths[index] ?? [];
      const rights = rightsOf(binding.resource.delta_updates, config.hardDelete);
      return written(path, rights, findsByIndex(binding, target.last, info.resource(path), path));
    }),
  ];
  const isStaged = target.bindings.some(({ resource }) => !resource.delta_updates);
  const needed = { tables, isStaged, hasSchema: (name: string) => info.hasNamespace(name) };
  await checkRights(connection, needed, context.log);
  return target.bindings.map((binding, index) => {
    const resourcePath = paths[index] ?? [];
    const deltaUpdates = binding.resource.delta_updates;
    return {
      constraints: constraints({ ...binding, resourcePath, deltaUpdates }, target.last, info, rules),
      resourcePath,
      deltaUpdates,
      caseInsensitiveFields: dialect.caseInsensitiveFields,
    };
  });
}

/** Whether a unique index finds the rows of a key. A table that is made, which a backfill may come to, has its primary key. */
function findsByIndex(
  { collection, groupBy, backfill }: ValidateBinding<ResourceConfig>,
  lastSpec: MaterializationSpec | undefined,
  existing: ExistingResource | undefined,
  path: readonly string[],
): boolean {
  const last = lastBindingOf(lastSpec, path);
  if (existing === undefined || (last !== undefined && last.backfill !== backfill)) return true;
  // Of several fields of one location, any may be chosen.
  const fieldOf = (pointer: string): string =>
    collection.projections.find(({ ptr }) => ptr === pointer)?.field ?? '';
  const chosen = groupBy.length > 0 ? groupBy : collection.key.map(fieldOf);
  return hasUniqueKey(existing, (last?.fieldSelection.keys ?? chosen).map(serverName));
}

function requireFreeName(path: readonly string[]): void {
  if (serverName(path.at(-1) ?? '') !== CHECKPOINTS_TABLE) return;
  throw errors.PG_TABLE_NAME({ message: `The table name ${CHECKPOINTS_TABLE} is reserved.` });
}
