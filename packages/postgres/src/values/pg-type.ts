// What is known of a type of the server, with the types it is made of.

export type PgTypeKind =
  | 'base'
  | 'array'
  | 'enum'
  | 'domain'
  | 'composite'
  | 'range'
  | 'multirange'
  | 'unknown';

export interface PgType {
  readonly oid: number;
  readonly schema: string;
  /** As in `pg_type.typname`: `int4`, `_int4`, `mood`. */
  readonly name: string;
  readonly kind: PgTypeKind;
  /** Of an array: its elements' type. Of a domain: what it is over. Of a range or multirange: its subtype. */
  readonly inner: PgType | undefined;
  /** What separates values of this type in an array: a comma, but a semicolon for `box`. */
  readonly delimiter: string;
}

/** OIDs of the types that the server is born with (src/include/catalog/pg_type.dat). */
export const oids = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  tid: 27,
  xid: 28,
  cid: 29,
  json: 114,
  xml: 142,
  point: 600,
  lseg: 601,
  path: 602,
  box: 603,
  polygon: 604,
  line: 628,
  cidr: 650,
  float4: 700,
  float8: 701,
  circle: 718,
  macaddr8: 774,
  money: 790,
  macaddr: 829,
  inet: 869,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  uuid: 2950,
  tsvector: 3614,
  tsquery: 3615,
  jsonb: 3802,
  int4range: 3904,
  numrange: 3906,
  tsrange: 3908,
  tstzrange: 3910,
  daterange: 3912,
  int8range: 3926,
  jsonpath: 4072,
} as const;

/** The type under any number of domains. */
export function underDomains(type: PgType): PgType {
  let current = type;
  while (current.kind === 'domain' && current.inner !== undefined) current = current.inner;
  return current;
}

/** A type nothing is known of; its values are text. */
export function unknownType(oid: number): PgType {
  return { oid, schema: '', name: `oid ${oid}`, kind: 'unknown', inner: undefined, delimiter: ',' };
}

const textNames = new Set(['text', 'varchar', 'bpchar', 'citext']);

/** Types whose values are free text: long values are cut. */
export function isTextType(type: PgType): boolean {
  return type.kind === 'base' && textNames.has(type.name);
}
