// Makes the database fit the spec: the plan's statements in one transaction, so that an apply happens or does not.

import { crashPoint } from '@weir/crash-point';
import type { ApplyResult, ApplyTarget, RequestContext } from '@weir/materialize';
import { applyActions, describeActions } from '@weir/materialize-sql';
import { type PgConnection, PgServerError } from '@weir/pgwire';
import { type EndpointConfig, endpointSchema, type ResourceConfig } from './config.ts';
import type { PostgresCrashPoint } from './crash-points.ts';
import { endpointSetup } from './endpoint-setup.ts';
import { readInfoSchema } from './info-schema.ts';
import { openServer } from './server.ts';
import { postgresTemplates } from './templates.ts';
import { inTransaction } from './transaction.ts';
import { errors } from './errors.ts';
import { writeError } from './write-error.ts';

const crash: (point: PostgresCrashPoint) => void = crashPoint;

/** Applies of one task wait for each other. */
const lockTask = 'SELECT pg_advisory_xact_lock(hashtext($1))';

export async function apply(
  config: EndpointConfig,
  { spec, last, bindings }: ApplyTarget<ResourceConfig>,
  context: RequestContext,
): Promise<ApplyResult> {
  const { dialect, rules } = endpointSetup(config);
  const paths = spec.bindings.map(({ resourcePath }) => resourcePath);
  const additionalSql = bindings.map(({ resource }) => resource.additional_table_create_sql ?? '');
  const ofUser = new Set(additionalSql.map((sql) => sql.trim()));
  await using server = await openServer(config, context);
  await using connection = await server.connect();
  return await inTransaction(connection, 'cannot apply the specification', async () => {
    await connection.query(lockTask, [spec.name]);
    const info = await readInfoSchema(connection, paths, endpointSchema(config), dialect);
    const actions = applyActions(spec, last, info, {
      dialect,
      templates: postgresTemplates(dialect),
      rules,
      checkpointsNamespaces: [endpointSchema(config)],
      additionalSql: (_binding, index) => additionalSql[index] ?? '',
      warn: (message) => context.log.warn(message),
    });
    for (const { resourcePath, statements } of actions) {
      for (const statement of statements) {
        crash('materialize-postgres.applying');
        try {
          if (ofUser.has(statement)) await runOfUser(connection, statement, resourcePath);
          else await connection.query(statement);
        } catch (error) {
          if (ofUser.has(statement) && error instanceof PgServerError) {
            throw errors.PG_ADDITIONAL_SQL({
              message: `The additional SQL of ${resourcePath.join('.')} failed: ${error.message} (SQLSTATE ${error.sqlstate})`,
              cause: error,
            });
          }
          throw writeError(error, `cannot apply to ${resourcePath.join('.')}: ${excerpt(statement)}`);
        }
      }
    }
    return { actionDescription: describeActions(actions) };
  });
}

/** Throws PG_ADDITIONAL_SQL where it is not in the transaction of the Apply any more afterwards: that cannot be undone. */
async function runOfUser(
  connection: PgConnection,
  statement: string,
  resourcePath: readonly string[],
): Promise<void> {
  const transaction = async (): Promise<string> =>
    (await connection.query('SELECT txid_current()')).rows[0]?.[0] ?? '';
  const before = await transaction();
  await connection.query(statement);
  if ((await transaction()) === before) return;
  throw errors.PG_ADDITIONAL_SQL({
    message: `The additional SQL of ${resourcePath.join('.')} ended the transaction in which it runs.`,
    fix: `Leave COMMIT, ROLLBACK and their like out of it. If the table is there now, drop it.`,
  });
}

/** The beginning of a statement: it says which one it is. */
function excerpt(statement: string): string {
  const line = statement.replaceAll(/\s+/g, ' ').trim();
  return line.length > 120 ? `${line.slice(0, 117)}…` : line;
}
