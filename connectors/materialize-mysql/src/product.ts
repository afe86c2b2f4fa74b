// Which server it is, and what of it the connector has to know.

import { errors } from './errors.ts';

export type Flavour = 'mysql' | 'mariadb';

export interface Product {
  readonly flavour: Flavour;
  /** As the server reports it. */
  readonly version: string;
  /**
   * A collation by code points in which spaces at the end of a text count; undefined on servers that have none. In
   * `utf8mb4_bin`, the one of the tables, `a` and `a ` are one and the same key.
   */
  readonly exactCollation: string | undefined;
  /** Names of tables that differ in case only are one table. */
  readonly caseInsensitiveTables: boolean;
  /** SUPER may write although the server is read-only; MariaDB 10.11 took that from it. */
  readonly superMayWrite: boolean;
}

export interface ProductFacts {
  readonly version: string;
  readonly versionComment: string;
  readonly collations: readonly string[];
  readonly lowerCaseTableNames: number;
}

const oldest = { mysql: [5, 7], mariadb: [10, 3] } as const;

/** Throws MYSQL_PRODUCT_UNSUPPORTED. */
export function productOf(facts: ProductFacts): Product {
  const { version, versionComment, collations } = facts;
  const described = `${version} ${versionComment}`;
  if (/singlestore|memsql|vitess|planetscale|tidb/i.test(described)) {
    throw errors.MYSQL_PRODUCT_UNSUPPORTED({
      message: `The server is ${described.trim()}, which takes rows differently from MySQL.`,
    });
  }
  const flavour = /mariadb/i.test(described) ? 'mariadb' : 'mysql';
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-(?=\d)/, '')) ?? [];
  const [oldestMajor, oldestMinor] = oldest[flavour];
  if (Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor)) {
    throw errors.MYSQL_PRODUCT_UNSUPPORTED({
      message: `The server is ${described.trim()}, and ${oldestMajor}.${oldestMinor} is the oldest that works.`,
    });
  }
  const exactName = flavour === 'mariadb' ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
  return {
    flavour,
    version,
    exactCollation: collations.includes(exactName) ? exactName : undefined,
    caseInsensitiveTables: facts.lowerCaseTableNames !== 0,
    superMayWrite: flavour === 'mysql' || Number(major) * 100 + Number(minor) < 1011,
  };
}
