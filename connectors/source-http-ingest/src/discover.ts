// A binding for each configured path. The schema of a collection says what the connector adds; the rest is inferred.

import type { DiscoveredResource } from '@weir/capture';
import { urlPattern } from '@weir/cdk';
import type { IngestConfig, IngestResource } from './spec.ts';

export const KEY = ['/_meta/webhookId'] as const;
/** The resource path of a binding without a name, as those of early tasks are. */
const UNNAMED = 'webhook-data';

export function discoverPaths({ paths }: IngestConfig): DiscoveredResource<IngestResource>[] {
  if (paths.length === 0) return [discovered(UNNAMED, {}, [])];
  const names = new Set<string>();
  // A path that is given twice is one.
  return [...new Set(paths)].map((path) => {
    const { segments = [] } = urlPattern(path);
    const params = segments.flatMap((segment) => ('param' in segment ? [segment.param] : []));
    const name = unusedName(path.slice(1).replaceAll(/[{}]/g, ''), names);
    names.add(name);
    return discovered(name, { stream: path, path }, params);
  });
}

/** Of `/a/{b}` and `/a/b`, which are called the same without braces, the later one has a number. */
function unusedName(name: string, used: ReadonlySet<string>): string {
  let unused = name;
  for (let number = 2; used.has(unused); number += 1) unused = `${name}_${number}`;
  return unused;
}

function discovered(
  recommendedName: string,
  resource: IngestResource,
  params: readonly string[],
): DiscoveredResource<IngestResource> {
  const resourcePath = resourcePathOf(resource);
  return { recommendedName, resource, documentSchema: documentSchema(params), key: KEY, resourcePath };
}

export function resourcePathOf({ stream }: IngestResource): [string] {
  return [stream === undefined || stream === '' ? UNNAMED : stream];
}

/** Where documents of a binding are sent. A path may lack its first slash, as those of some early tasks do. */
export function urlPathOf({ path }: IngestResource, collection: string): string {
  const named = path === undefined || path === '' ? collection : path;
  return named.startsWith('/') ? named : `/${named}`;
}

function documentSchema(params: readonly string[]) {
  const properties = Object.fromEntries(params.map((name) => [name, { type: 'string' }]));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['_meta'],
    properties: {
      _meta: {
        type: 'object',
        description: 'Added by the connector; a request need not hold it.',
        required: ['webhookId', 'receivedAt'],
        properties: {
          webhookId: { type: 'string', description: 'Of the request, or of the document within it.' },
          receivedAt: { type: 'string', format: 'date-time', description: 'When the request was received.' },
          headers: {
            type: 'object',
            description: 'Headers of the request, without those that are secret or say nothing of it.',
            additionalProperties: { type: 'string' },
          },
          reqPath: { type: 'string', description: 'The configured path that the request was sent to.' },
          pathParams: {
            type: 'object',
            description: 'The values of the parameters in the path.',
            properties,
            required: params,
          },
          query: {
            type: 'object',
            description: 'The parameters of the query.',
            additionalProperties: { type: 'string' },
          },
        },
      },
    },
    'x-infer-schema': true,
  };
}
