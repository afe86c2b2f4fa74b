// MySQL and MariaDB as dialects: which column a location gets. Types are those of Flow's own connector, so that a table
// which that one made needs no change.

import { flatType, isRootDocument } from '@weir/materialize';
import {
  CHECKPOINT_CONTENT_TYPE,
  CHECKPOINTS_TABLE,
  type ColumnType,
  type Dialect,
  exceedsInt64,
  type FieldPlace,
  type FieldWriter,
  jsonField,
  numberField,
  textField,
} from '@weir/materialize-sql';
import type { Projection } from '@weir/protocol';
import type { FeatureFlags } from './config.ts';
import {
  base64Field,
  booleanField,
  dateField,
  dateTimeField,
  finiteNumberField,
  timeField,
  wholeNumberField,
} from './field-writers.ts';
import { MAX_NAME_LENGTH, quoteIdentifier, quoteLiteral, serverName } from './identifier.ts';
import { migrations } from './migrations.ts';
import type { Product } from './product.ts';
import type { TimeZone } from './time-zone.ts';

export interface DialectOptions {
  readonly product: Product;
  readonly zone: TimeZone;
  /** The server knows the zone too, as it must to convert columns. */
  readonly zoneOnServer: boolean;
  readonly flags: Pick<FeatureFlags, 'datetime_keys_as_string' | 'native_binary_column_type'>;
}

export interface MysqlDialect extends Dialect<FieldWriter> {
  /** In which columns of dates with times are. */
  readonly zone: TimeZone;
}

/** What the numeric of the widest precision holds. */
const MAX_DIGITS = 65;

export function mysqlDialect(options: DialectOptions): MysqlDialect {
  const types = new ColumnTypes(options);
  return {
    zone: options.zone,
    name: options.product.flavour === 'mariadb' ? 'MariaDB' : 'MySQL',
    quoteIdentifier,
    quoteLiteral,
    serverName,
    locate: (resourcePath) => resourcePath.map(serverName),
    columnType: (projection, place) => types.of(projection, place),
    migrations: migrations(options),
    caseInsensitiveFields: true,
    caseInsensitiveTables: options.product.caseInsensitiveTables,
    maxFieldLength: MAX_NAME_LENGTH,
    canTruncate: true,
  };
}

function type(ddl: string, convert: FieldWriter, ...alsoAccepts: string[]): ColumnType<FieldWriter> {
  return { ddl, convert, alsoAccepts };
}

const wideInteger = type('NUMERIC(65,0)', wholeNumberField, 'decimal');
const longText = type('LONGTEXT', textField);

class ColumnTypes {
  readonly #options: DialectOptions;
  readonly #json: string;

  constructor(options: DialectOptions) {
    this.#options = options;
    this.#json = options.product.flavour === 'mariadb' ? 'LONGTEXT' : 'JSON';
  }

  of(projection: Projection, place: FieldPlace): ColumnType<FieldWriter> | undefined {
    const natural = isRootDocument(projection)
      ? type(this.#json, textField)
      : this.#natural(projection, place);
    const { ddl } = place.config;
    if (ddl === undefined || natural === undefined) return natural;
    const isText = natural.convert === base64Field && !/blob|binary/i.test(ddl);
    return { ddl, isCustom: true, convert: isText ? textField : natural.convert };
  }

  #natural(projection: Projection, place: FieldPlace): ColumnType<FieldWriter> | undefined {
    const { isKey, config } = place;
    switch (flatType(projection, { isKey, castToString: config.castToString })) {
      case 'never':
        return undefined;
      case 'boolean':
        return type('BOOLEAN', booleanField, 'tinyint');
      case 'integer':
        return exceedsInt64(projection) ? wideInteger : type('BIGINT', numberField);
      case 'number':
        return type('DOUBLE PRECISION', numberField, 'double');
      case 'string_integer':
        return maxLength(projection) > MAX_DIGITS ? longText : wideInteger;
      case 'string_number':
        return { ...type('DOUBLE PRECISION', finiteNumberField, 'double'), takesNull: true };
      case 'binary':
        return this.#binary(place);
      case 'object':
      case 'array':
      case 'multiple':
        return isKey ? this.#keyText(place, jsonField) : type(this.#json, jsonField);
      case 'string':
        return this.#string(projection, place);
    }
  }

  #binary(place: FieldPlace): ColumnType<FieldWriter> {
    if (!this.#options.flags.native_binary_column_type) return this.#plainText(place);
    return place.isKey
      ? type('VARBINARY(256)', base64Field, 'varbinary')
      : type('LONGBLOB', base64Field, 'longblob');
  }

  #string({ inference }: Projection, place: FieldPlace): ColumnType<FieldWriter> {
    const { zone, flags } = this.#options;
    if (inference.string?.contentType === CHECKPOINT_CONTENT_TYPE) return type('LONGBLOB', textField);
    if (place.config.castToString || (place.isKey && flags.datetime_keys_as_string))
      return this.#plainText(place);
    switch (inference.string?.format) {
      case 'date':
        return type('DATE', dateField);
      case 'date-time':
        return type('DATETIME(6)', dateTimeField(zone), 'datetime');
      case 'time':
        return type('TIME(6)', timeField(zone), 'time');
      default:
        return this.#plainText(place);
    }
  }

  #plainText(place: FieldPlace): ColumnType<FieldWriter> {
    return place.isKey ? this.#keyText(place, textField) : longText;
  }

  /** Texts in a key have a collation of their own where the tables' would take two of them for one. */
  #keyText({ resourcePath }: FieldPlace, convert: FieldWriter): ColumnType<FieldWriter> {
    const { exactCollation } = this.#options.product;
    const isOwn = resourcePath.at(-1) === CHECKPOINTS_TABLE;
    const collation = exactCollation === undefined || isOwn ? '' : ` COLLATE ${exactCollation}`;
    return type(`VARCHAR(256)${collation}`, convert, 'varchar');
  }
}

/** 0 when it is not known. */
function maxLength({ inference }: Projection): number {
  return inference.string?.maxLength ?? 0;
}
