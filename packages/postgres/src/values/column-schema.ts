// What JSON a column's values are, for the discovered and the sourced schema.

import { isTextType, oids, underDomains, type PgType } from './pg-type.ts';
import { standardStyle, type ValueStyle } from './value-style.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface ColumnType {
  readonly type: PgType;
  /** `pg_attribute.atttypmod`; negative for none. */
  readonly typeModifier?: number;
  readonly nullable: boolean;
  /** The column's comment in the database. */
  readonly comment?: string | undefined;
  /** A column of the collection's key. */
  readonly isKey?: boolean;
  readonly style?: ValueStyle;
}

type TypeName = 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';

interface ValueSchema {
  /** Absent: any value. */
  readonly types?: readonly TypeName[];
  readonly keywords?: JsonSchema;
}

const anything: ValueSchema = {};
const text: ValueSchema = { types: ['string'] };

function formatted(format: string): ValueSchema {
  return { types: ['string'], keywords: { format } };
}

const byOid = new Map<number, ValueSchema>([
  [oids.bool, { types: ['boolean'] }],
  [oids.bytea, { types: ['string'], keywords: { contentEncoding: 'base64' } }],
  [oids.json, { keywords: { contentMediaType: 'application/json' } }],
  [oids.jsonb, { keywords: { contentMediaType: 'application/vnd.estuary.postgresql.jsonb+json' } }],
  [oids.uuid, formatted('uuid')],
  [oids.date, formatted('date')],
  [oids.time, formatted('time')],
  [oids.timetz, formatted('time')],
  [oids.timestamp, formatted('date-time')],
  [oids.timestamptz, formatted('date-time')],
  [oids.numeric, formatted('number')],
  ...[oids.int2, oids.int4, oids.int8, oids.oid].map((oid): [number, ValueSchema] => [
    oid,
    { types: ['integer'] },
  ]),
  ...[
    oids.money,
    oids.xml,
    oids.jsonpath,
    oids.tsvector,
    oids.tsquery,
    oids.bit,
    oids.varbit,
    oids.interval,
    oids.point,
    oids.line,
    oids.lseg,
    oids.box,
    oids.path,
    oids.polygon,
    oids.circle,
    oids.inet,
    oids.cidr,
    oids.macaddr,
    oids.macaddr8,
  ].map((oid): [number, ValueSchema] => [oid, text]),
]);

/** The schema of a column's values, with its description. */
export function columnSchema(column: ColumnType): JsonSchema {
  const { types, keywords } = valueSchema(
    column.type,
    column.typeModifier ?? -1,
    column.isKey ?? false,
    column.style ?? standardStyle,
  );
  const source = `(source type: ${column.nullable ? '' : 'non-nullable '}${typeTitle(column.type)})`;
  const comment = column.comment === undefined || column.comment === '' ? '' : `${column.comment} `;
  return {
    ...(types === undefined ? {} : { type: typeKeyword(types, column.nullable) }),
    ...keywords,
    description: comment + source,
  };
}

function typeKeyword(types: readonly TypeName[], nullable: boolean): unknown {
  const all = nullable ? [...types, 'null'] : types;
  return all.length === 1 ? all[0] : all;
}

function valueSchema(type: PgType, typeModifier: number, isKey: boolean, style: ValueStyle): ValueSchema {
  if (type.kind === 'domain' && type.inner !== undefined) return valueSchema(type.inner, -1, isKey, style);
  switch (type.kind) {
    case 'array': {
      if (type.inner === undefined) return anything;
      if (style.arrays === 'nested') return { types: ['array'] };
      const element = valueSchema(type.inner, typeModifier, false, style);
      const items = {
        ...(element.types === undefined ? {} : { type: typeKeyword(element.types, true) }),
        ...element.keywords,
      };
      return style.arrays === 'shaped' ? shapedArray(items) : { types: ['array'], keywords: { items } };
    }
    case 'enum':
    case 'range':
    case 'multirange':
      return text;
    case 'base':
      if (type.oid === oids.date && !style.dateAsDate) return formatted('date-time');
      if (type.oid === oids.time && !style.timeAsTime) return { types: ['integer'] };
      return baseSchema(type, typeModifier, isKey);
    default:
      return anything;
  }
}

function shapedArray(items: JsonSchema): ValueSchema {
  const properties = {
    dimensions: { type: 'array', items: { type: 'integer' } },
    elements: { type: 'array', items },
  };
  const required = Object.keys(properties);
  return { types: ['object'], keywords: { properties, required, additionalProperties: false } };
}

function baseSchema(type: PgType, typeModifier: number, isKey: boolean): ValueSchema {
  if (type.oid === oids.float4 || type.oid === oids.float8) {
    return { types: isKey ? ['string'] : ['number', 'string'], keywords: { format: 'number' } };
  }
  if (isTextType(type)) {
    // The modifier of a limited text is its limit in characters, plus four.
    const limit = typeModifier - 4;
    if (limit <= 0 || type.name === 'text') return text;
    if (type.oid === oids.bpchar)
      return { types: ['string'], keywords: { minLength: limit, maxLength: limit } };
    return { types: ['string'], keywords: { maxLength: limit } };
  }
  return byOid.get(type.oid) ?? anything;
}

function typeTitle(type: PgType): string {
  const bare = underDomains(type);
  switch (bare.kind) {
    case 'array':
      return `_${bare.inner === undefined ? 'elem' : typeTitle(bare.inner)}`;
    case 'enum':
    case 'range':
    case 'multirange':
    case 'composite':
      return bare.kind;
    default:
      return bare.name;
  }
}
