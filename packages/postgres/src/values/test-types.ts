// Types for tests that have no server at hand.

import { oids, type PgType } from './pg-type.ts';

export function baseType(name: keyof typeof oids): PgType {
  const isRange = name.endsWith('range');
  return {
    oid: oids[name],
    schema: 'pg_catalog',
    name,
    kind: isRange ? 'range' : 'base',
    inner: undefined,
    delimiter: name === 'box' ? ';' : ',',
  };
}

export function derivedType(kind: PgType['kind'], inner: PgType | undefined, name = 'derived'): PgType {
  return { oid: 100_000, schema: 'public', name, kind, inner, delimiter: ',' };
}
