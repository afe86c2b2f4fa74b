// Small collections, specs and tables for the tests of constraints and plans: a type map of a few words, and a table
// as that map would have made it.

import type {
  CollectionSpec,
  InferenceType,
  MaterializationBindingSpec,
  MaterializationSpec,
  Projection,
} from '@weir/protocol';
import { baseConstraint } from '../src/base-constraint.ts';
import type { EndpointRules, MappedType } from '../src/endpoint-rules.ts';
import { parseFieldConfig } from '../src/field-config.ts';
import { flatType } from '../src/field-type.ts';
import {
  IDENTICAL_NAMING,
  InfoSchema,
  type EndpointNaming,
  type ExistingField,
  type ExistingResource,
} from '../src/info-schema.ts';

export interface SampleField {
  readonly ptr?: string;
  readonly types?: readonly InferenceType[];
  readonly key?: true;
  /** Always there. */
  readonly must?: boolean;
  readonly default?: string;
  readonly format?: string;
  readonly contentEncoding?: string;
}

export function projection(field: string, sample: SampleField = {}): Projection {
  const {
    ptr = `/${field}`,
    types = ['string'],
    key = false,
    must = false,
    format = '',
    contentEncoding = '',
  } = sample;
  return {
    field,
    ptr,
    explicit: false,
    isPartitionKey: false,
    isPrimaryKey: key,
    inference: {
      types,
      title: '',
      description: '',
      secret: false,
      enum: [],
      exists: must || key ? 'MUST' : 'MAY',
      ...(types.includes('string')
        ? { string: { contentType: '', format, contentEncoding, maxLength: 0 } }
        : {}),
      ...(sample.default === undefined ? {} : { default: sample.default }),
    },
  };
}

export const ROOT = projection('flow_document', { ptr: '', types: ['object'], must: true });

export function collection(fields: readonly Projection[], key = ['/id']): CollectionSpec {
  return {
    name: 'acme/rows',
    key,
    uuidPtr: '/_meta/uuid',
    partitionFields: [],
    projections: fields,
    writeSchema: '{}',
  };
}

export interface SampleBinding {
  readonly fields: readonly Projection[];
  readonly keys?: readonly string[];
  readonly values?: readonly string[];
  readonly document?: string;
  readonly delta?: boolean;
  readonly backfill?: number;
  readonly collectionKey?: string[];
  readonly path?: readonly string[];
}

export function bindingSpec(sample: SampleBinding): MaterializationBindingSpec {
  const {
    fields,
    keys = ['id'],
    values = [],
    document = 'flow_document',
    delta = false,
    backfill = 0,
  } = sample;
  const path = sample.path ?? ['public', 'rows'];
  return {
    resourceConfig: '{}',
    resourcePath: path,
    collection: collection(fields, sample.collectionKey),
    fieldSelection: { keys, values, document, fieldConfig: {} },
    deltaUpdates: delta,
    journalReadSuffix: '',
    priority: 0,
    notBefore: '',
    notAfter: '',
    backfill,
    stateKey: `${path.join('%2F')}${backfill > 0 ? `.v${backfill}` : ''}`,
  };
}

export function spec(
  bindings: readonly SampleBinding[],
  inactive: readonly SampleBinding[] = [],
): MaterializationSpec {
  return {
    name: 'acme/mat',
    connectorType: 'LOCAL',
    config: '{}',
    bindings: bindings.map(bindingSpec),
    inactiveBindings: inactive.map(bindingSpec),
  };
}

/** A type is its flat name; text takes anything by a migration, and a custom type is compatible with every column. */
function mapType(field: Projection, isKey: boolean, fieldConfig: string | undefined): MappedType {
  const { castToString, ddl } = parseFieldConfig(field.field, fieldConfig);
  const type = flatType(field, { isKey, castToString });
  const text = ddl ?? (type === 'string' ? 'text' : type);
  return {
    text,
    compatible: (existing) => ddl !== undefined || existing.type === text,
    canMigrate: () => text === 'text',
  };
}

export function rules(overrides: Partial<EndpointRules> & { noFlowDocument?: boolean } = {}): EndpointRules {
  const { noFlowDocument = false, ...rest } = overrides;
  return {
    maxFieldLength: 0,
    baseConstraint: (field, { deltaUpdates }) => baseConstraint(field, { deltaUpdates, noFlowDocument }),
    mapType: (field, { isKey, fieldConfig }) => mapType(field, isKey, fieldConfig),
    allowExistingTables: false,
    retainExistingData: false,
    alwaysReplaceTables: false,
    canTruncate: true,
    ...rest,
  };
}

export function column(name: string, type: string, overrides: Partial<ExistingField> = {}): ExistingField {
  return { name, type, nullable: true, characterMaxLength: 0, hasDefault: false, ...overrides };
}

/** The table that the sample's selection was made into. */
export function table(sample: SampleBinding, overrides: readonly ExistingField[] = []): ExistingResource {
  const { fieldSelection, resourcePath } = bindingSpec(sample);
  const { keys, values, document } = fieldSelection;
  const selected = [...keys, ...values, ...(document === '' ? [] : [document])];
  const fields = selected.map((name) => {
    const field = sample.fields.find((each) => each.field === name);
    if (field === undefined) throw new TypeError(`no projection ${name}`);
    const { text } = mapType(field, keys.includes(name), undefined);
    const nullable = field.inference.exists !== 'MUST' || field.inference.types.includes('null');
    return column(name, text, { nullable });
  });
  const replaced = new Set(overrides.map(({ name }) => name));
  return {
    location: resourcePath,
    fields: [...fields.filter(({ name }) => !replaced.has(name)), ...overrides],
  };
}

export function info(
  resources: readonly ExistingResource[],
  naming: EndpointNaming = IDENTICAL_NAMING,
): InfoSchema {
  return new InfoSchema(naming, { namespaces: ['public'], resources });
}
