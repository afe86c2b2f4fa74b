// Changes of a column's type that lose nothing: the new value is computed into a column beside the old one.

import type { Migration } from '@weir/materialize-sql';
import type { DialectOptions } from './dialect.ts';
import { quoteLiteral } from './identifier.ts';

const texts = ['varchar', 'longtext'] as const;
const binaries = ['varbinary', 'longblob'] as const;

const asText = (column: string): string => `CAST(${column} AS CHAR)`;

/** The server breaks base64 into lines. */
const asBase64 = (column: string): string => `REPLACE(TO_BASE64(${column}), '\\n', '')`;

const asBoolean = (column: string): string => `IF(${column} IS NULL, NULL, IF(${column}, 'true', 'false'))`;

export function migrations({ product, zone, zoneOnServer }: DialectOptions): Migration[] {
  const asDateTime = (column: string): string =>
    `DATE_FORMAT(CONVERT_TZ(${column}, ${quoteLiteral(zone.name)}, '+00:00'), '%Y-%m-%dT%H:%i:%s.%fZ')`;
  const toText: Migration[] = [
    { from: ['decimal', 'bigint', 'double', 'date', 'time'], to: ['LONGTEXT'], cast: asText },
    { from: binaries, to: ['LONGTEXT'], cast: asBase64 },
    ...(zoneOnServer ? [{ from: ['datetime'], to: ['LONGTEXT'], cast: asDateTime }] : []),
  ];
  const numbersAndBinaries: Migration[] = [
    { from: ['decimal', 'bigint'], to: ['DOUBLE PRECISION'], cast: (column) => column },
    { from: ['bigint'], to: ['NUMERIC(65,0)'], cast: (column) => column },
    { from: texts, to: ['LONGBLOB'], cast: (column) => `FROM_BASE64(${column})` },
  ];
  if (product.flavour === 'mariadb') return [...toText, ...numbersAndBinaries];
  const quoted = (cast: (column: string) => string): Migration['cast'] => {
    return (column) => `CAST(JSON_QUOTE(${cast(column)}) AS JSON)`;
  };
  const toJson: Migration[] = [
    { from: texts, to: ['JSON'], cast: quoted((column) => column) },
    { from: ['date', 'time'], to: ['JSON'], cast: quoted(asText) },
    { from: binaries, to: ['JSON'], cast: quoted(asBase64) },
    ...(zoneOnServer ? [{ from: ['datetime'], to: ['JSON'], cast: quoted(asDateTime) }] : []),
    { from: ['tinyint'], to: ['JSON'], cast: (column) => `CAST(${asBoolean(column)} AS JSON)` },
    { from: ['bigint', 'decimal', 'double'], to: ['JSON'], cast: (column) => `CAST(${column} AS JSON)` },
    { from: ['json'], to: ['LONGTEXT'], cast: (column) => `JSON_UNQUOTE(${column})` },
  ];
  return [...toText, ...numbersAndBinaries, ...toJson];
}
