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
import { checkRights } from './rights.ts';
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
  const checkpoints = [endpointSchema(config), CHECKPOINTS_TABLE];
  const tables = [checkpoints, ...paths].map((path) => {
    const [schema = '', table = ''] = info.naming.locate(path);
    return { schema, table, isThere: info.resource(path) !== undefined };
  });
  const deletes = config.hardDelete;
  await checkRights(connection, { tables, hasSchema: (name) => info.hasNamespace(name), deletes });
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
