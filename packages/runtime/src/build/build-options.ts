// What a build needs besides the catalog, and what it gives back: everything that a task needs to run, as plain data.

import type { JsonText } from '@weir/protocol';
import type { CaptureModel, MaterializationModel } from '../catalog/model.ts';
import { openConfig } from '../catalog/open-config.ts';
import { resolveConnector } from '../connector/connector-command.ts';
import type { ConnectorCommand, ConnectorProtocol, ResolveOptions } from '../connector/connector-command.ts';
import { ConnectorProcess } from '../connector/connector-process.ts';
import type { ConnectorOptions, RequestOf, ResponseOf } from '../connector/connector-process.ts';
import { errors } from '../errors.ts';
import type { KeptConfigs } from '../store/kept-configs.ts';
import type { RequestedBackfills } from '../store/store.ts';

/** Puts a Validate to a task's connector. */
export type Validate = <P extends ConnectorProtocol>(
  protocol: P,
  endpoint: TaskEndpoint,
  request: RequestOf<P>,
) => Promise<Extract<ResponseOf<P>, { kind: 'validated' }>>;

export interface BuildOptions
  extends ResolveOptions, Pick<ConnectorOptions, 'onLog' | 'logLevel' | 'signal'> {
  /** The inferred schema of a collection; undefined before anything was captured. */
  readonly inferredSchema?: (collection: string) => JsonText | undefined;
  /** Backfills asked for, per binding (its resource path as a state key), on top of the catalog's counters. */
  readonly backfills?: ReadonlyMap<string, RequestedBackfills>;
  /** Configurations that connectors have renewed; without them the catalog's own are used. */
  readonly keptConfigs?: KeptConfigs | undefined;
  /** By default a process of its own is started for each Validate. */
  readonly validate?: Validate;
}

/** How to start the task's connector; plain data, so that a worker can do it. */
export interface TaskEndpoint {
  readonly task: string;
  readonly command: ConnectorCommand;
  readonly config: JsonText;
  /** The catalog's own configuration, which `config` may be a renewed form of. */
  readonly catalogConfig: JsonText;
  readonly secrets: readonly string[];
  readonly logLevel: string;
}

export async function openEndpoint(
  model: CaptureModel | MaterializationModel,
  protocol: ConnectorProtocol,
  options: BuildOptions,
): Promise<TaskEndpoint> {
  const { connector } = model.endpoint;
  if (connector.kind === 'dekaf') {
    throw errors.CONNECTOR_UNKNOWN({
      message: `${model.name} uses Dekaf, which runs only inside of Flow.`,
      fix: 'Run this task in Flow, or use another endpoint.',
    });
  }
  const { config: catalogConfig, secrets } = await openConfig(model.endpoint);
  const config = options.keptConfigs?.current(model.name, catalogConfig, options.onLog) ?? catalogConfig;
  const logLevel = options.logLevel ?? model.shards.logLevel ?? 'info';
  const command = await resolveConnector(connector, protocol, { ...options, taskName: model.name, logLevel });
  return { task: model.name, command, config, catalogConfig, secrets, logLevel };
}

/** Starts a process of a task's connector. */
export async function startConnector<P extends ConnectorProtocol>(
  protocol: P,
  endpoint: TaskEndpoint,
  options: Pick<ConnectorOptions, 'onLog' | 'signal'> = {},
): Promise<ConnectorProcess<P>> {
  const { config, secrets, logLevel } = endpoint;
  return await ConnectorProcess.start(protocol, endpoint.command, { ...options, config, secrets, logLevel });
}

/** The answer to a Validate, by the options' own way or a process that ends with it. */
export async function validated<P extends ConnectorProtocol>(
  protocol: P,
  endpoint: TaskEndpoint,
  request: RequestOf<P>,
  options: BuildOptions,
): Promise<Extract<ResponseOf<P>, { kind: 'validated' }>> {
  if (options.validate !== undefined) return await options.validate(protocol, endpoint, request);
  await using connector = await startConnector(protocol, endpoint, options);
  const response = await connector.call(request, 'validated');
  await connector.finish();
  return response;
}
