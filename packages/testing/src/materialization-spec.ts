// Specs of materializations as the runtime builds them, for tests of connectors.

import {
  type Exists,
  type InferenceType,
  type MaterializationBindingSpec,
  type MaterializationSpec,
  packTuple,
  type Projection,
  StoreFrame,
  type TupleElement,
} from '@weir/protocol';

export interface SampleField {
  readonly types: readonly InferenceType[];
  /** MUST by default. */
  readonly exists?: Exists;
  readonly format?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly title?: string;
  readonly description?: string;
  /** The field's name is the property's by default. */
  readonly ptr?: string;
  /** JSON of the default that the schema gives. */
  readonly default?: string;
}

/** One that a document may be without. */
export function fieldOf(types: SampleField['types'], more: Partial<SampleField> = {}): SampleField {
  return { types, exists: 'MAY', ...more };
}

/** A text that a document may be without. */
export function textField(format = '', more: Partial<SampleField> = {}): SampleField {
  return fieldOf(['string'], { format, ...more });
}

export interface SampleBinding {
  readonly resourcePath: readonly string[];
  readonly resource: Readonly<Record<string, unknown>>;
  /** `id` by default. */
  readonly keys?: readonly string[];
  /** The fields that are the key of the table, where they are not those of the collection's key. */
  readonly groupBy?: readonly string[];
  readonly fields: Readonly<Record<string, SampleField>>;
  /** Of `fields`, those that are selected; all by default. */
  readonly selected?: readonly string[];
  readonly fieldConfig?: Readonly<Record<string, object>>;
  readonly backfill?: number;
  readonly deltaUpdates?: boolean;
  /** '' for a table without the document. */
  readonly document?: string;
  readonly collection?: string;
}

const byName = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

export function sampleProjection(field: string, sample: SampleField, isPrimaryKey: boolean): Projection {
  const { types, exists = 'MUST', minimum, maximum } = sample;
  const isNumber = minimum !== undefined || maximum !== undefined;
  return {
    ptr: sample.ptr ?? `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    field,
    explicit: false,
    isPartitionKey: false,
    isPrimaryKey,
    inference: {
      types,
      ...(types.includes('string') || sample.contentType !== undefined
        ? {
            string: {
              contentType: sample.contentType ?? '',
              format: sample.format ?? '',
              contentEncoding: sample.contentEncoding ?? '',
              maxLength: 0,
            },
          }
        : {}),
      ...(isNumber
        ? {
            numeric: {
              hasMinimum: minimum !== undefined,
              minimum: minimum ?? 0,
              hasMaximum: maximum !== undefined,
              maximum: maximum ?? 0,
            },
          }
        : {}),
      title: sample.title ?? '',
      description: sample.description ?? '',
      ...(sample.default === undefined ? {} : { default: sample.default }),
      secret: false,
      exists,
      enum: (sample.enum ?? []).map((value) => JSON.stringify(value)),
    },
  };
}

export function sampleBindingSpec(sample: SampleBinding): MaterializationBindingSpec {
  const { resourcePath, fields, keys = ['id'], backfill = 0, deltaUpdates = false } = sample;
  const { document = 'flow_document', collection = 'acme/things', fieldConfig = {} } = sample;
  const selected = sample.selected ?? Object.keys(fields);
  const tableKeys = sample.groupBy ?? keys;
  return {
    resourceConfig: JSON.stringify(sample.resource),
    resourcePath,
    collection: {
      name: collection,
      key: keys.map((key) => `/${key}`),
      uuidPtr: '/_meta/uuid',
      partitionFields: [],
      projections: [
        ...Object.entries(fields).map(([field, each]) => sampleProjection(field, each, keys.includes(field))),
        sampleProjection('flow_document', { types: ['object'], ptr: '' }, false),
      ],
      writeSchema: '{"type":"object"}',
    },
    fieldSelection: {
      keys: tableKeys,
      values: selected.filter((field) => !tableKeys.includes(field)).sort(byName),
      document,
      fieldConfig: Object.fromEntries(
        Object.entries(fieldConfig).map(([field, config]) => [field, JSON.stringify(config)]),
      ),
    },
    deltaUpdates,
    journalReadSuffix: `materialize/acme/sink/${resourcePath.join('/')}`,
    priority: 0,
    notBefore: '',
    notAfter: '',
    backfill,
    stateKey: `${resourcePath.join('%2F')}${backfill === 0 ? '' : `.v${backfill}`}`,
  };
}

export function sampleMaterialization(
  ...bindings: readonly MaterializationBindingSpec[]
): MaterializationSpec {
  return {
    name: 'acme/sink',
    connectorType: 'IMAGE',
    config: '{}',
    bindings,
    inactiveBindings: [],
  };
}

export interface SampleStore {
  readonly key: readonly TupleElement[];
  /** In the order of the selected values. */
  readonly values?: readonly TupleElement[];
  readonly doc?: string;
  readonly binding?: number;
  readonly exists?: boolean;
  readonly delete?: boolean;
}

export function sampleStore(store: SampleStore): StoreFrame {
  return StoreFrame.of({
    kind: 'store',
    binding: store.binding ?? 0,
    keyPacked: packTuple(store.key),
    valuesPacked: packTuple(store.values ?? []),
    doc: Buffer.from(store.doc ?? '{}'),
    exists: store.exists ?? false,
    delete: store.delete ?? false,
  });
}
