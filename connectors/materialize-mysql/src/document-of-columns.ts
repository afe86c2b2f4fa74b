// A document out of the columns of its properties, for tables without a column for the whole of it. What a column holds is
// told by what the collection says of the property: the text of JSON goes in as it is, texts are quoted, times are UTC's.

import { typesBesideNull } from '@weir/materialize';
import {
  type Column,
  type FieldWriter,
  isAbsentWhenNull,
  jsonField,
  rootProperties,
  type Table,
} from '@weir/materialize-sql';
import type { DocumentSource } from './document-source.ts';
import { isEncoded } from './field-writers.ts';
import { dateTimeOf, timeOf } from './temporal-text.ts';
import type { TimeZone } from './time-zone.ts';

type AnyColumn = Column<FieldWriter>;

interface Member {
  readonly column: AnyColumn;
  /** `"name":` */
  readonly name: string;
  readonly absentWhenNull: boolean;
  readonly json: (value: Buffer) => string;
}

/** Undefined when no column holds a property of the root. */
export function documentOfColumns(table: Table<FieldWriter>, zone: TimeZone): DocumentSource | undefined {
  const members = [...rootProperties(table)].map(([property, column]): Member => ({
    column,
    name: `${JSON.stringify(property)}:`,
    absentWhenNull: isAbsentWhenNull(column.projection),
    json: jsonOf(column, zone),
  }));
  if (members.length === 0) return undefined;
  return {
    columns: members.map(({ column }) => column),
    document: (values) => {
      const parts = members.flatMap(({ name, absentWhenNull, json }, index) => {
        const value = values[index] ?? null;
        if (value !== null) return [`${name}${json(value)}`];
        return absentWhenNull ? [] : [`${name}null`];
      });
      return Buffer.from(`{${parts.join(',')}}`);
    },
  };
}

const raw = (value: Buffer): string => value.toString('utf8');
const quoted = (value: Buffer): string => JSON.stringify(value.toString('utf8'));

function jsonOf(column: AnyColumn, zone: TimeZone): (value: Buffer) => string {
  const types = typesBesideNull(column.projection);
  if (isEncoded(column)) return (value) => `"${value.toString('base64')}"`;
  if (column.type.convert === jsonField) return raw;
  if (!types.includes('string')) {
    return types.every((type) => type === 'boolean') ? booleanOf : raw;
  }
  switch (column.projection.inference.string?.format) {
    case 'date-time':
      return (value) => JSON.stringify(dateTimeOf(raw(value), zone));
    case 'time':
      return (value) => JSON.stringify(timeOf(raw(value), zone));
    default:
      return quoted;
  }
}

/** The server's numbers, or the words where the column is a text. */
function booleanOf(value: Buffer): string {
  const text = raw(value);
  return text === '1' || text === 'true' ? 'true' : 'false';
}
