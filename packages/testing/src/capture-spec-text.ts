// What a capture says of itself and of the first binding that it discovers, as text for a snapshot.

import type { ConnectorDriver } from './connector-driver.ts';

/** The schemas of config, resource and document, one after the other. `config` is the text of an endpoint configuration. */
export async function captureSpecText(
  connector: ConnectorDriver<'capture'>,
  config: string,
): Promise<string> {
  connector.send(
    { kind: 'spec', connectorType: 'LOCAL', config: '{}' },
    { kind: 'discover', connectorType: 'LOCAL', config, name: '' },
  );
  const spec = await connector.expect('spec');
  const discovered = await connector.expect('discovered');
  return [spec.configSchema, spec.resourceConfigSchema, discovered.bindings[0]?.documentSchema ?? '']
    .map((schema) => JSON.stringify(JSON.parse(schema), null, 2))
    .join('\n');
}
