// What can be sent where, as an OpenAPI document: from the bindings and the write schemas of their collections.

import type { ValidatedResource } from '@weir/capture';
import { urlPattern } from '@weir/cdk';
import { urlPathOf } from './discover.ts';
import type { IngestResource } from './spec.ts';

export type OpenApiBinding = Pick<ValidatedResource<IngestResource>, 'resource' | 'collection'>;

export function openApi(bindings: readonly OpenApiBinding[], needsToken: boolean) {
  return {
    openapi: '3.1.0',
    info: { title: 'Flow HTTP ingest', version: '0.1.0' },
    paths: Object.fromEntries(
      bindings.map((binding) => [
        urlPathOf(binding.resource, binding.collection.name),
        { post: operation(binding, needsToken) },
      ]),
    ),
    components: {
      responses: {
        success: answer('The documents are committed.', { published: { type: 'integer' } }),
        refusal: answer('Nothing of the request was taken.', { error: { type: 'string' } }),
        again: answer('It is not known to be committed; send it again.', { error: { type: 'string' } }),
      },
      ...(needsToken ? { securitySchemes: { bearerAuth: { type: 'http', scheme: 'bearer' } } } : {}),
    },
  };
}

function operation({ resource, collection }: OpenApiBinding, needsToken: boolean) {
  const schema = JSON.parse(collection.writeSchema) as unknown;
  const named = { $ref: '#/components/responses/refusal' };
  return {
    description: `Adds documents to the collection ${collection.name}.`,
    parameters: [...pathParameters(resource, collection.name), ...idHeader(resource)],
    requestBody: {
      required: true,
      description: 'A JSON object, or a list of objects. The connector adds _meta.',
      content: { 'application/json': { schema: { oneOf: [schema, { type: 'array', items: schema }] } } },
    },
    responses: {
      200: { $ref: '#/components/responses/success' },
      400: named,
      ...(needsToken ? { 401: named, 403: named } : {}),
      503: { $ref: '#/components/responses/again' },
    },
    ...(needsToken ? { security: [{ bearerAuth: [] }] } : {}),
  };
}

function pathParameters(resource: IngestResource, collection: string) {
  return (urlPattern(urlPathOf(resource, collection)).segments ?? []).flatMap((segment) =>
    'param' in segment
      ? [{ name: segment.param, in: 'path', required: true, schema: { type: 'string' } }]
      : [],
  );
}

function idHeader({ idFromHeader }: IngestResource) {
  if (idFromHeader === undefined || idFromHeader === '') return [];
  const description = 'Becomes /_meta/webhookId.';
  return [{ name: idFromHeader, in: 'header', required: true, description, schema: { type: 'string' } }];
}

function answer(description: string, properties: object) {
  return { description, content: { 'application/json': { schema: { type: 'object', properties } } } };
}
