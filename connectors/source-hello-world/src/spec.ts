import type { CaptureConnectorSpec } from '@weir/capture';
import { configSchema, number, text, type ConfigOf } from '@weir/schema';

const config = configSchema(
  { id: 'https://github.com/estuary/connectors/source-hello-world/config', title: 'Hello World' },
  {
    rate: number({
      title: 'Message Rate',
      description: 'How many documents each stream gets in a second.',
      default: 1,
      exclusiveMinimum: 0,
      order: 0,
    }),
  },
);

const resource = configSchema(
  { id: 'https://github.com/estuary/connectors/source-hello-world/resource', title: 'Example Resource Spec' },
  {
    name: text({
      title: 'Stream Name',
      description: 'The name of the stream.',
      default: 'greetings',
      order: 0,
    }),
    prefix: text({
      title: 'Message Prefix',
      description: 'What every message says; {} in it becomes the number of the message.',
      default: 'Hello {}',
      order: 1,
    }),
  },
);

export type HelloConfig = ConfigOf<typeof config>;
export type HelloResource = ConfigOf<typeof resource>;

export const spec: CaptureConnectorSpec<HelloConfig, HelloResource> = {
  configSchema: config,
  resourceSchema: resource,
  documentationUrl: 'https://go.estuary.dev/source-hello-world',
  resourcePathPointers: ['/name'],
};

export const documentSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Greeting',
  type: 'object',
  required: ['ts', 'message'],
  properties: {
    ts: { type: 'string', format: 'date-time', title: 'Timestamp', description: 'When the message was due.' },
    message: { type: 'string', title: 'Message', description: 'The greeting.' },
  },
};
