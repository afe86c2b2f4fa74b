// A document out of the columns of its properties, for tables without a column for the whole of it. The text of a JSON
// column goes in as it is; values of other types as the text that their format asks for.

import { typesBesideNull } from '@weir/materialize';
import {
  type Column,
  type FieldWriter,
  isAbsentWhenNull,
  rootProperties,
  type Table,
} from '@weir/materialize-sql';
import { quoteLiteral } from '@weir/pgwire';

/** As SQL of type text, over the table's alias; undefined when no column holds a property of the root. */
export function documentSql(table: Table<FieldWriter>, alias: string): string | undefined {
  const members = [...rootProperties(table)].map(([property, column]) => memberSql(column, property, alias));
  return members.length === 0 ? undefined : `'{' || substr(${members.join(' || ')}, 2) || '}'`;
}

/** `,"name":value`; nothing for a null that stands for a property that is not there. */
function memberSql(column: Column<FieldWriter>, property: string, alias: string): string {
  const name = quoteLiteral(`,${JSON.stringify(property)}:`).trim();
  const value = `${alias}.${column.identifier}`;
  const absent = isAbsentWhenNull(column.projection)
    ? "''"
    : quoteLiteral(`,${JSON.stringify(property)}:null`).trim();
  return `CASE WHEN ${value} IS NULL THEN ${absent} ELSE ${name} || ${valueSql(column, value)} END`;
}

const asText = (sql: string): string => `to_json(${sql})::text`;

function valueSql({ type, projection }: Column<FieldWriter>, value: string): string {
  switch (type.isCustom === true ? '' : type.ddl) {
    case 'JSON':
    case 'JSONB':
      return `${value}::text`;
    case 'NUMERIC':
      return isInteger(projection) ? `${value}::text` : asText(`${value}::text`);
    case 'BYTEA':
      return asText(`replace(encode(${value}, 'base64'), E'\\n', '')`);
    case 'CIDR':
      return asText(`host(${value})`);
    case 'TIME':
      return asText(`to_char(${value}, 'HH24:MI:SS.US"Z"')`);
    case 'TIMESTAMPTZ':
      return asText(`to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
    case 'BIGINT':
    case 'DOUBLE PRECISION':
    case 'BOOLEAN':
      return asText(value);
    default:
      // As text first: to_json has forms of its own for some types. What is no string is JSON in a column of texts too.
      return isString(projection) ? asText(`${value}::text`) : `${value}::text`;
  }
}

function isString(projection: Column<FieldWriter>['projection']): boolean {
  return typesBesideNull(projection).includes('string');
}

/** An integer of more than 64 bits, and not one that is spelled in a text. */
function isInteger(projection: Column<FieldWriter>['projection']): boolean {
  return typesBesideNull(projection).every((type) => type === 'integer');
}
