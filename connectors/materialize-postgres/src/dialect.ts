// PostgreSQL as a dialect: which column a location gets, and how values get into it.

import { type FlatType, flatType } from '@weir/materialize';
import {
  type ColumnType,
  type Dialect,
  exceedsInt64,
  type FieldPlace,
  type FieldWriter,
  integerTextField,
  jsonField,
  numberField,
  textField,
} from '@weir/materialize-sql';
import { quoteIdentifier, quoteLiteral } from '@weir/pgwire';
import type { Projection } from '@weir/protocol';
import { columnMeta } from './column-meta.ts';
import type { Flags } from './config.ts';
import { createEnumType, type EnumType, enumTypeOf } from './enum-type.ts';
import { byteaField, dateField, dateTimeField, jsonbField, timeField } from './field-writers.ts';
import { migrations } from './migrations.ts';
import { locate, serverName } from './names.ts';

export type PgColumnType = ColumnType<FieldWriter>;

/** Says that a location is to be jsonb. */
const JSONB_CONTENT_TYPE = 'application/vnd.estuary.postgresql.jsonb+json';

const text: PgColumnType = { ddl: 'TEXT', alsoAccepts: ['character varying'], convert: textField };
const numeric: PgColumnType = { ddl: 'NUMERIC', convert: integerTextField };
const json: PgColumnType = { ddl: 'JSON', convert: jsonField };
const jsonb: PgColumnType = { ddl: 'JSONB', convert: jsonbField };

const types: Readonly<Record<Exclude<FlatType, 'never'>, PgColumnType>> = {
  integer: { ddl: 'BIGINT', alsoAccepts: ['integer'], convert: numberField },
  number: { ddl: 'DOUBLE PRECISION', convert: numberField },
  boolean: { ddl: 'BOOLEAN', convert: textField },
  string: text,
  binary: { ddl: 'BYTEA', convert: byteaField },
  string_integer: numeric,
  string_number: { ...numeric, convert: numberField },
  object: json,
  array: json,
  multiple: json,
};

const dateTimeFormats: Readonly<Record<string, PgColumnType>> = {
  date: { ddl: 'DATE', convert: dateField },
  'date-time': { ddl: 'TIMESTAMPTZ', alsoAccepts: ['timestamp with time zone'], convert: dateTimeField },
  time: { ddl: 'TIME', alsoAccepts: ['time without time zone'], convert: timeField },
};

const cidr: PgColumnType = { ddl: 'CIDR', convert: textField };

const otherFormats: Readonly<Record<string, PgColumnType>> = {
  duration: { ddl: 'INTERVAL', convert: textField },
  ipv4: cidr,
  ipv6: cidr,
  macaddr: { ddl: 'MACADDR', convert: textField },
  macaddr8: { ddl: 'MACADDR8', convert: textField },
  uuid: { ddl: 'UUID', alsoAccepts: ['text', 'character varying'], convert: textField },
};

export function postgresDialect(flags: Flags): Dialect<FieldWriter> {
  return {
    name: 'PostgreSQL',
    quoteIdentifier,
    quoteLiteral: (literal) => quoteLiteral(literal.replaceAll('\0', '')).trim(),
    serverName,
    locate,
    columnType: (projection, place) => columnType(projection, place, flags),
    migrations,
    caseInsensitiveFields: false,
    caseInsensitiveTables: false,
    // The server cuts names itself; two that are the same then are told by their folded names.
    maxFieldLength: 0,
    canTruncate: true,
  };
}

function columnType(projection: Projection, place: FieldPlace, flags: Flags): PgColumnType | undefined {
  const { isKey, config } = place;
  const flat = flatType(projection, { isKey, castToString: config.castToString });
  if (flat === 'never') return undefined;
  const type = config.castToString ? text : typeOfFlat(flat, projection, place, flags);
  return config.ddl === undefined ? type : { ...type, ddl: config.ddl, isCustom: true };
}

function typeOfFlat(
  flat: Exclude<FlatType, 'never'>,
  projection: Projection,
  place: FieldPlace,
  flags: Flags,
): PgColumnType {
  const { string } = projection.inference;
  switch (flat) {
    case 'integer':
      return exceedsInt64(projection) ? { ...numeric, convert: numberField } : types.integer;
    case 'binary':
      return flags.native_binary_column_type ? types.binary : text;
    case 'object':
    case 'array':
    case 'multiple':
      return flags.jsonb && string?.contentType === JSONB_CONTENT_TYPE ? jsonb : json;
    case 'string':
      return typeOfString(projection, place, flags);
    default:
      return types[flat];
  }
}

function typeOfString(projection: Projection, place: FieldPlace, flags: Flags): PgColumnType {
  const enumType = flags.enum ? enumTypeOf(projection, place) : undefined;
  if (enumType !== undefined) return columnOfEnum(enumType);
  const format = projection.inference.string?.format ?? '';
  const dateTime = dateTimeFormats[format];
  if (dateTime !== undefined) return place.isKey && flags.datetime_keys_as_string ? text : dateTime;
  return otherFormats[format] ?? text;
}

/** A column of text holds the strings as well; one of the type itself has to have all labels. */
function columnOfEnum(enumType: EnumType): PgColumnType {
  return {
    ddl: enumType.identifier,
    migrationName: 'enum',
    accepts(existing) {
      if (['text', 'character varying'].includes(existing.type)) return true;
      const { enumName, enumLabels = [] } = columnMeta(existing) ?? {};
      return (
        enumName?.toLowerCase() === enumType.name.toLowerCase() &&
        enumType.labels.every((label) => enumLabels.includes(label))
      );
    },
    before: [createEnumType(enumType)],
    convert: textField,
  };
}

/** The enum type that a column of this field has; undefined for any other type. */
export function enumOfColumn(
  projection: Projection,
  resourcePath: readonly string[],
  type: PgColumnType,
): EnumType | undefined {
  if (type.migrationName !== 'enum') return undefined;
  const config = { castToString: false, ddl: undefined };
  return enumTypeOf(projection, { isKey: false, config, resourcePath });
}
