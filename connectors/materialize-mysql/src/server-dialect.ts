import { featureFlags } from './config.ts';
import { mysqlDialect, type MysqlDialect } from './dialect.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointConfig } from './endpoint-schema.ts';
import type { Session } from './session.ts';

/** The dialect of the server at the other end, in the time zone of the task. */
export async function dialectOf(
  endpoint: Endpoint,
  session: Session,
  config: EndpointConfig,
): Promise<MysqlDialect> {
  return mysqlDialect({ ...(await endpoint.facts(session)), flags: featureFlags(config) });
}
