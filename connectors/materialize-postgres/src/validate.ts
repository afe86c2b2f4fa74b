import {
  assertDistinctResources,
  constraints,
  type RequestContext,
  type ValidateTarget,
} from '@weir/materialize';
import { CHECKPOINTS_TABLE } from '@weir/materialize-sql';
import type { MaterializeValidatedBinding } from '@weir/protocol';
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
  const written = (path: readonly string[], rights: readonly Right[]) => {
    const [schema = '', table = ''] = info.naming.locate(path);
    return { schema, table, isThere: info.resource(path) !== undefined, rights };
  };
  const tables = [
    written([endpointSchema(config), CHECKPOINTS_TABLE], rightsOf(false, false)),
    ...target.bindings.map(({ resource }, index) =>
      written(paths[index] ?? [], rightsOf(resource.delta_updates, config.hardDelete)),
    ),
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

function requireFreeName(path: readonly string[]): void {
  if (serverName(path.at(-1) ?? '') !== CHECKPOINTS_TABLE) return;
  throw errors.PG_TABLE_NAME({ message: `The table name ${CHECKPOINTS_TABLE} is reserved.` });
}
