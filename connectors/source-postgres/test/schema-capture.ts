// Captures that share a server: each has a schema, a slot and a publication of its own, of one name.

import type { PostgresServer } from '@weir/testing';
import { CaptureHarness, discoverBindings, endpointConfig } from './capture-harness.ts';

export interface SchemaCaptureOptions {
  readonly advanced?: Record<string, unknown>;
  /** Fields of resources, by table. */
  readonly resources?: Record<string, Record<string, unknown>>;
  /** Of collections, by table. */
  readonly keys?: Record<string, readonly string[]>;
  /** One for all tables. */
  readonly collection?: string;
}

/** Makes the schema with what the SQL makes in it, and starts a capture of all of it. */
export async function captureOf(
  server: PostgresServer,
  name: string,
  tables: string,
  options: SchemaCaptureOptions = {},
): Promise<CaptureHarness> {
  await server.query(`CREATE SCHEMA ${name}; SET search_path = ${name}; ${tables}`);
  const config = endpointConfig(server, {
    advanced: { slotName: name, publicationName: name, discover_schemas: [name], ...options.advanced },
  });
  const bindings = (await discoverBindings(config, options.resources)).map((each) => ({
    ...each,
    key: options.keys?.[String(each.resource['stream'])] ?? each.key,
    ...(options.collection === undefined ? {} : { collection: options.collection }),
  }));
  const capture = new CaptureHarness(config, bindings);
  capture.start();
  return capture;
}

export function ids(capture: CaptureHarness, table: string): unknown[] {
  return capture.documents(table).map(({ document }) => document['id']);
}

export function stateOf(capture: CaptureHarness, key: string): Record<string, unknown> | undefined {
  return (capture.state['bindingStateV1'] as Record<string, Record<string, unknown>>)[key];
}
