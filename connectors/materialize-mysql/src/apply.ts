// Makes the tables fit the spec. The server has no transactions for that: every statement stands on its own, and what was
// done before one fails is found there by the next Apply, which does the rest.

import { crashPoint } from '@weir/crash-point';
import type { ApplyResult, ApplyTarget, RequestContext } from '@weir/materialize';
import { applyActions, describeActions, endpointRules } from '@weir/materialize-sql';
import { tableOptions } from './config.ts';
import type { MysqlCrashPoint } from './crash-points.ts';
import { Endpoint } from './endpoint.ts';
import type { EndpointConfig, ResourceConfig } from './endpoint-schema.ts';
import { readInfoSchema } from './info-schema.ts';
import { dialectOf } from './server-dialect.ts';
import { mysqlTemplates } from './templates.ts';

const crash: (point: MysqlCrashPoint) => void = crashPoint;

export async function apply(
  config: EndpointConfig,
  { spec, last, bindings }: ApplyTarget<ResourceConfig>,
  { log, signal }: RequestContext,
): Promise<ApplyResult> {
  const additionalSql = (index: number): string =>
    bindings[index]?.resource.additional_table_create_sql ?? '';
  await using endpoint = await Endpoint.open(config, log, signal);
  await using session = await endpoint.session({
    multipleStatements: bindings.some(({ index }) => additionalSql(index) !== ''),
  });
  const dialect = await dialectOf(endpoint, session, config);
  const actions = applyActions(spec, last, await readInfoSchema(session, dialect), {
    dialect,
    templates: mysqlTemplates(dialect),
    rules: endpointRules(dialect, tableOptions(config)),
    checkpointsNamespaces: [],
    additionalSql: (_binding, index) => additionalSql(index),
    warn: (message) => log.warn(message),
  });
  for (const { resourcePath, statements } of actions) {
    for (const statement of statements) {
      crash('materialize-mysql.applying');
      await session.run(statement, `changing the table ${resourcePath.join('.')}`);
    }
  }
  return { actionDescription: describeActions(actions) };
}
