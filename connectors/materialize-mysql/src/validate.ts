import {
  assertDistinctResources,
  constraints,
  type RequestContext,
  type ValidateBinding,
  type ValidateTarget,
} from '@weir/materialize';
import { checkPrerequisites } from '@weir/connector';
import { CHECKPOINTS_TABLE, endpointRules } from '@weir/materialize-sql';
import type { MaterializeValidatedBinding } from '@weir/protocol';
import { tableOptions } from './config.ts';
import { Endpoint } from './endpoint.ts';
import type { EndpointConfig, ResourceConfig } from './endpoint-schema.ts';
import { errors } from './errors.ts';
import { MAX_NAME_LENGTH, nameLength } from './identifier.ts';
import { isPrimaryKey, readInfoSchema } from './info-schema.ts';
import { rightsChecks, rightsOf, type WrittenTable } from './rights.ts';
import { dialectOf } from './server-dialect.ts';
import type { Session } from './session.ts';
import { isStageName } from './table-sql.ts';

/** Throws MYSQL_TABLE_NAME. */
function resourcePath({ resource }: ValidateBinding<ResourceConfig>): string[] {
  const { table } = resource;
  const isOurs = table.toLowerCase() === CHECKPOINTS_TABLE || isStageName(table);
  if (isOurs || nameLength(table) > MAX_NAME_LENGTH) {
    throw errors.MYSQL_TABLE_NAME({
      message: `The table name ${table} ${isOurs ? 'is reserved' : `has more than ${MAX_NAME_LENGTH} characters`}.`,
    });
  }
  return [table];
}

/** Throws MYSQL_LOCAL_INFILE. */
async function checkLocalInfile(session: Session): Promise<void> {
  const [row] = await session.rows('SELECT @@GLOBAL.local_infile AS allowed', 'asking for local_infile');
  if (Number(row?.['allowed']) === 1) return;
  throw errors.MYSQL_LOCAL_INFILE({ message: 'local_infile is off on the server.' });
}

/** Looks at the database, and changes nothing. */
export async function validate(
  config: EndpointConfig,
  target: ValidateTarget<ResourceConfig>,
  { log, signal }: RequestContext,
): Promise<MaterializeValidatedBinding[]> {
  const paths = target.bindings.map(resourcePath);
  await using endpoint = await Endpoint.open(config, log, signal);
  await using session = await endpoint.session();
  await checkPrerequisites([
    () => checkLocalInfile(session),
    async () => void (await endpoint.facts(session)),
  ]);
  const { product } = await endpoint.facts(session);
  const dialect = await dialectOf(endpoint, session, config);
  const info = await readInfoSchema(session, dialect);
  assertDistinctResources(paths, info);
  const written = [
    { path: [CHECKPOINTS_TABLE], rights: rightsOf(false, false) },
    ...target.bindings.map(({ resource }, index) => ({
      path: paths[index] ?? [],
      rights: rightsOf(resource.delta_updates, config.hardDelete),
    })),
  ];
  const existing = written.flatMap(({ path, rights }): WrittenTable[] => {
    const found = info.resource(path);
    if (found === undefined) return [];
    return [{ name: found.location.at(-1) ?? '', column: found.fields[0]?.name ?? '', rights }];
  });
  const needed = {
    existing,
    makesTables: existing.length < written.length,
    stages: target.bindings.some(({ resource }) => !resource.delta_updates),
  };
  await checkPrerequisites(rightsChecks(session, needed, product));
  const rules = { ...endpointRules(dialect, tableOptions(config)), hasKey: isPrimaryKey };
  return target.bindings.map((binding, index) => {
    const path = paths[index] ?? [];
    const deltaUpdates = binding.resource.delta_updates;
    return {
      constraints: constraints({ ...binding, resourcePath: path, deltaUpdates }, target.last, info, rules),
      resourcePath: path,
      deltaUpdates,
      caseInsensitiveFields: dialect.caseInsensitiveFields,
    };
  });
}
