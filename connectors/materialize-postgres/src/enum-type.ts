// A location that has one of a few strings becomes a column of an enum type of its own, named after table and field.

import { typesBesideNull } from '@weir/materialize';
import { cutToBytes, type FieldPlace } from '@weir/materialize-sql';
import { quoteLiteral, quoteQualified } from '@weir/pgwire';
import type { Projection } from '@weir/protocol';
import { createHash } from 'node:crypto';
import { locate } from './names.ts';

const MAX_NAME_BYTES = 63;
const MAX_TABLE_BYTES = 42;
const SUFFIX = '_flow_enum';

export interface EnumType {
  readonly name: string;
  /** Quoted, with its schema. */
  readonly identifier: string;
  /** In the order of the type. */
  readonly labels: readonly string[];
}

/** Undefined where the schema names no strings, or allows anything else beside them. */
export function enumTypeOf(
  projection: Projection,
  { isKey, resourcePath }: FieldPlace,
): EnumType | undefined {
  const { inference, field } = projection;
  const types = typesBesideNull(projection);
  if (isKey || inference.enum.length === 0 || types.length !== 1 || types[0] !== 'string') return undefined;
  const values = inference.enum.map((text): unknown => JSON.parse(text)).filter((value) => value !== null);
  const labels = values.filter((value) => typeof value === 'string');
  // The server takes labels of 1 to 63 bytes, and no NUL.
  const fits = labels.every((label) => Buffer.byteLength(label) <= MAX_NAME_BYTES && !label.includes('\0'));
  if (labels.length === 0 || labels.length < values.length || !fits) return undefined;
  const [schema = '', table = ''] = locate(resourcePath);
  const name = enumTypeName(table, field);
  return { name, identifier: quoteQualified(schema, name), labels: [...new Set(labels)].sort() };
}

/** `<table>_<field>_flow_enum`; a name that would be too long is cut, and told from others by a hash of the whole. */
export function enumTypeName(table: string, field: string): string {
  const full = `${table}_${field}${SUFFIX}`;
  if (Buffer.byteLength(full) <= MAX_NAME_BYTES) return full;
  const hash = createHash('sha256').update(`${table}_${field}`).digest('hex').slice(0, 8);
  const tablePart = cutToBytes(table, MAX_TABLE_BYTES);
  const rest = MAX_NAME_BYTES - Buffer.byteLength(`${tablePart}__${hash}${SUFFIX}`);
  return `${tablePart}_${cutToBytes(field, rest)}_${hash}${SUFFIX}`;
}

/** Makes the type unless it is there: CREATE TYPE has no IF NOT EXISTS. */
export function createEnumType({ identifier, labels }: EnumType): string {
  const list = labels.map((label) => quoteLiteral(label).trim()).join(', ');
  const create = `CREATE TYPE ${identifier} AS ENUM (${list})`;
  return `DO ${quoteLiteral(`BEGIN ${create}; EXCEPTION WHEN duplicate_object THEN NULL; END`).trim()}`;
}

/** For labels that the existing type does not have. */
export function addEnumLabels({ identifier, labels }: EnumType, existing: readonly string[]): string[] {
  return labels
    .filter((label) => !existing.includes(label))
    .map((label) => `ALTER TYPE ${identifier} ADD VALUE IF NOT EXISTS ${quoteLiteral(label).trim()}`);
}
