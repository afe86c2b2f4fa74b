import type { DiscoveredBinding } from '@weir/protocol';
import type { CaptureModel } from '../catalog/model.ts';
import { openConfig } from '../catalog/open-config.ts';
import { resolveConnector } from '../connector/connector-command.ts';
import type { ResolveOptions } from '../connector/connector-command.ts';
import { ConnectorProcess } from '../connector/connector-process.ts';
import type { ConnectorOptions } from '../connector/connector-process.ts';
import { errors } from '../errors.ts';
import type { KeptConfigs } from '../store/kept-configs.ts';

export interface Discovered {
  readonly bindings: readonly DiscoveredBinding[];
  readonly resourcePathPointers: readonly string[];
}

/** Asks the connector of a capture what its source holds. */
export async function discoverBindings(
  capture: CaptureModel,
  options: ResolveOptions &
    Pick<ConnectorOptions, 'onLog' | 'logLevel' | 'signal'> & { readonly keptConfigs?: KeptConfigs } = {},
): Promise<Discovered> {
  const { connector: source } = capture.endpoint;
  if (source.kind === 'dekaf') throw errors.CONNECTOR_UNKNOWN({ message: 'A capture cannot use Dekaf.' });
  const { config: ofCatalog, secrets } = await openConfig(capture.endpoint);
  const config = options.keptConfigs?.current(capture.name, ofCatalog, options.onLog) ?? ofCatalog;
  const command = await resolveConnector(source, 'capture', { ...options, taskName: capture.name });
  await using connector = await ConnectorProcess.start('capture', command, { ...options, config, secrets });
  const request = {
    kind: 'discover',
    connectorType: command.connectorType,
    config,
    name: capture.name,
  } as const;
  const { bindings } = await connector.call(request, 'discovered');
  await connector.finish();
  return { bindings, resourcePathPointers: connector.spec.resourcePathPointers };
}
