// What the user and the server have to allow, asked before anything is changed. Statements are prepared or explained for it,
// for which the server wants the rights of the statement itself, whatever roles they come from.

import { randomUUID } from 'node:crypto';
import { WeirError } from '@weir/protocol';
import { errors } from './errors.ts';
import { quoteIdentifier, quoteLiteral } from './identifier.ts';
import type { Product } from './product.ts';
import type { ServerError } from './server-errors.ts';
import type { Session } from './session.ts';

/** Access denied: to a database, by a command to a table, to a column, for want of a privilege. */
const denials: ReadonlySet<number> = new Set([1044, 1142, 1143, 1227]);

export type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

export interface WrittenTable {
  readonly name: string;
  /** Any, to name in an UPDATE. */
  readonly column: string;
  readonly rights: readonly Right[];
}

/** Rows that are only added are staged nowhere and looked for by nobody. */
export function rightsOf(deltaUpdates: boolean, hardDelete: boolean): readonly Right[] {
  if (deltaUpdates) return ['INSERT'];
  return hardDelete ? ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] : ['SELECT', 'INSERT', 'UPDATE'];
}

/** Each throws MYSQL_READ_ONLY or MYSQL_DENIED. */
export function rightsChecks(
  session: Session,
  needed: {
    readonly existing: readonly WrittenTable[];
    readonly makesTables: boolean;
    readonly stages: boolean;
  },
  { superMayWrite }: Product,
): (() => Promise<void>)[] {
  const { existing, makesTables, stages } = needed;
  return [
    () => requireWritable(session, superMayWrite),
    ...(stages ? [() => mayStage(session)] : []),
    ...(makesTables ? [() => mayMakeTables(session)] : []),
    ...existing.map((table) => () => mayWrite(session, table)),
  ];
}

async function requireWritable(session: Session, superMayWrite: boolean): Promise<void> {
  const rows = await session.rows(
    "SHOW VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'transaction_read_only', 'tx_read_only')",
    'asking whether the server is read-only',
  );
  const on = new Set(
    rows.filter((row) => row['Value'] !== 'OFF').map((row) => String(row['Variable_name']).toLowerCase()),
  );
  if (on.has('read_only') && !on.has('super_read_only') && (await isAboveReadOnly(session, superMayWrite)))
    on.delete('read_only');
  if (on.size === 0) return;
  throw errors.MYSQL_READ_ONLY({ message: `The server has ${[...on].join(' and ')} = ON.` });
}

/** SHOW GRANTS has what comes from the roles of the session too. It may hold the hash of a password. */
async function isAboveReadOnly(session: Session, superMayWrite: boolean): Promise<boolean> {
  const grants = await session.rows('SHOW GRANTS', 'asking for the privileges of the user');
  const sufficient = ['ALL PRIVILEGES', 'CONNECTION_ADMIN', 'READ ONLY ADMIN', 'READ_ONLY ADMIN'];
  if (superMayWrite) sufficient.push('SUPER');
  return grants.some((row) => {
    const [, list = ''] = /^GRANT (.+) ON \*\.\* TO /.exec(String(Object.values(row)[0])) ?? [];
    // MySQL lists its dynamic privileges without blanks.
    return list.split(/, ?/).some((privilege) => sufficient.includes(privilege));
  });
}

async function mayStage(session: Session): Promise<void> {
  const name = checkName();
  const what = 'make temporary tables (CREATE TEMPORARY TABLES)';
  await allowed(session, `CREATE TEMPORARY TABLE ${name} (id bigint)`, what);
  await session.run(`DROP TEMPORARY TABLE ${name}`, 'looking at rights');
}

/** Preparing the statement makes nothing. */
async function mayMakeTables(session: Session): Promise<void> {
  const name = checkName();
  const create = quoteLiteral(`CREATE TABLE ${name} (id bigint)`);
  await allowed(session, `PREPARE ${name} FROM ${create}`, 'make tables in the database (CREATE)');
  await session.run(`DEALLOCATE PREPARE ${name}`, 'looking at rights');
}

async function mayWrite(session: Session, { name, column, rights }: WrittenTable): Promise<void> {
  const [table, some] = [quoteIdentifier(name), quoteIdentifier(column)];
  const statements: Readonly<Record<Right, string>> = {
    SELECT: `SELECT ${some} FROM ${table} LIMIT 0`,
    INSERT: `EXPLAIN INSERT INTO ${table} (${some}) SELECT NULL FROM DUAL WHERE FALSE`,
    UPDATE: `EXPLAIN UPDATE ${table} SET ${some} = NULL WHERE FALSE`,
    DELETE: `EXPLAIN DELETE FROM ${table} WHERE FALSE`,
  };
  for (const right of rights) await allowed(session, statements[right], `${right} in ${table}`);
}

/** What else may be wrong with the statement is of no interest here. */
async function allowed(session: Session, sql: string, what: string): Promise<void> {
  try {
    await session.rows(sql, 'looking at rights');
  } catch (failure) {
    const cause = failure instanceof WeirError ? failure.cause : failure;
    if (!denials.has((cause as ServerError | undefined)?.errno ?? 0)) return;
    throw errors.MYSQL_DENIED({ message: `The user may not ${what}.`, cause });
  }
}

const checkName = (): string => `flow_temp_check_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
