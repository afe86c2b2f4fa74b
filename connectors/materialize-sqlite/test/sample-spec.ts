// Specs as the runtime builds them, for tests of this connector.

import type { MaterializationBinding, MaterializeSession } from '@weir/materialize';
import type {
  Exists,
  InferenceType,
  MaterializationBindingSpec,
  MaterializationSpec,
  Projection,
} from '@weir/protocol';
import { FULL_RANGE } from '@weir/protocol';
import type { EndpointConfig, ResourceConfig } from '../src/config.ts';

export interface SampleField {
  readonly types: readonly InferenceType[];
  readonly exists?: Exists;
  readonly format?: string;
}

export interface SampleBinding {
  readonly table: string;
  /** By field; `id` is the key. */
  readonly fields: Readonly<Record<string, SampleField>>;
  readonly backfill?: number;
  readonly deltaUpdates?: boolean;
}

function projection(
  field: string,
  ptr: string,
  { types, exists = 'MUST', format = '' }: SampleField,
): Projection {
  return {
    ptr,
    field,
    explicit: false,
    isPartitionKey: false,
    isPrimaryKey: field === 'id',
    inference: {
      types,
      ...(types.includes('string')
        ? { string: { contentType: '', format, contentEncoding: '', maxLength: 0 } }
        : {}),
      title: '',
      description: '',
      secret: false,
      exists,
      enum: [],
    },
  };
}

export function sampleBinding(sample: SampleBinding): MaterializationBindingSpec {
  const { table, fields, backfill = 0, deltaUpdates = false } = sample;
  return {
    resourceConfig: JSON.stringify({ table, delta_updates: deltaUpdates }),
    resourcePath: [table],
    collection: {
      name: 'acme/things',
      key: ['/id'],
      uuidPtr: '/_meta/uuid',
      partitionFields: [],
      projections: [
        ...Object.entries(fields).map(([field, shape]) => projection(field, `/${field}`, shape)),
        projection('flow_document', '', { types: ['object'] }),
      ],
      writeSchema: '{"type":"object"}',
    },
    fieldSelection: {
      keys: ['id'],
      values: Object.keys(fields)
        .filter((field) => field !== 'id')
        .sort(),
      document: 'flow_document',
      fieldConfig: {},
    },
    deltaUpdates,
    journalReadSuffix: `materialize/acme/sink/${table}`,
    priority: 0,
    notBefore: '',
    notAfter: '',
    backfill,
    stateKey: backfill === 0 ? table : `${table}.v${backfill}`,
  };
}

export function sampleSpec(...samples: readonly SampleBinding[]): MaterializationSpec {
  return {
    name: 'acme/sink',
    connectorType: 'IMAGE',
    config: '{}',
    bindings: samples.map(sampleBinding),
    inactiveBindings: [],
  };
}

function silent(): void {}

export const quietLog = {
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  status: silent,
};

export function sampleSession(
  config: EndpointConfig,
  spec: MaterializationSpec,
): MaterializeSession<EndpointConfig, ResourceConfig> {
  const bindings = spec.bindings.map((binding, index): MaterializationBinding<ResourceConfig> => ({
    ...binding,
    index,
    resource: JSON.parse(binding.resourceConfig) as ResourceConfig,
  }));
  return {
    config,
    bindings,
    spec,
    version: '1',
    range: FULL_RANGE,
    state: {},
    log: quietLog as unknown as MaterializeSession<EndpointConfig, ResourceConfig>['log'],
    signal: new AbortController().signal,
    taskName: spec.name,
  };
}
