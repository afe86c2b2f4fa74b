// What the user and the server have to allow, asked before anything is changed. Statements are prepared or explained for it,
// for which the server wants the rights of the statement itself, whatever roles they come from.

import { randomUUID } from 'node:crypto';
import { WeirError } from '@weir/protocol';
import { errors } from './errors.ts';
import { quoteIdentifier, quoteLiteral } from './identifier.ts';
import type { ServerError } from './server-errors.ts';
import type { Session } from './session.ts';

/** Access denied: to a database, by a command to a table, to a column, for want of a privilege. */
const denials: ReadonlySet<number> = new Set([1044, 1142, 1143, 1227]);

export interface WrittenTable {
  readonly name: string;
  /** Of the key, to name in an UPDATE. */
  readonly column: string;
}

/** Each throws MYSQL_READ_ONLY or MYSQL_DENIED. */
export function rightsChecks(
  session: Session,
  needed: {
    readonly existing: readonly WrittenTable[];
    readonly makesTables: boolean;
    readonly deletes: boolean;
  },
): (() => Promise<void>)[] {
  const { existing, makesTables, deletes } = needed;
  return [
    () => requireWritable(session),
    () => mayStage(session),
    ...(makesTables ? [() => mayMakeTables(session)] : []),
    ...existing.map((table) => () => mayWrite(session, table, deletes)),
  ];
}

async function requireWritable(session: Session): Promise<void> {
  const rows = await session.rows(
    "SHOW VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'transaction_read_only', 'tx_read_only')",
    'asking whether the server is read-only',
  );
  const on = new Set(
    rows.filter((row) => row['Value'] !== 'OFF').map((row) => String(row['Variable_name']).toLowerCase()),
  );
  if (on.has('read_only') && !on.has('super_read_only') && (await isAboveReadOnly(session)))
    on.delete('read_only');
  if (on.size === 0) return;
  throw errors.MYSQL_READ_ONLY({ message: `The server has ${[...on].join(' and ')} = ON.` });
}

async function isAboveReadOnly(session: Session): Promise<boolean> {
  const rows = await session.rows(
    `SELECT 1 AS found FROM information_schema.USER_PRIVILEGES
      WHERE PRIVILEGE_TYPE IN ('SUPER', 'CONNECTION_ADMIN', 'READ ONLY ADMIN', 'READ_ONLY ADMIN')
        AND REPLACE(GRANTEE, '''', '') = CURRENT_USER()`,
    'asking for the privileges of the user',
  );
  return rows.length > 0;
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

async function mayWrite(session: Session, { name, column }: WrittenTable, deletes: boolean): Promise<void> {
  const [table, key] = [quoteIdentifier(name), quoteIdentifier(column)];
  const statements = {
    SELECT: `SELECT ${key} FROM ${table} LIMIT 0`,
    INSERT: `EXPLAIN INSERT INTO ${table} (${key}) SELECT ${key} FROM ${table} WHERE FALSE`,
    UPDATE: `EXPLAIN UPDATE ${table} SET ${key} = ${key} WHERE FALSE`,
    ...(deletes ? { DELETE: `EXPLAIN DELETE FROM ${table} WHERE FALSE` } : {}),
  };
  for (const [right, sql] of Object.entries(statements)) await allowed(session, sql, `${right} in ${table}`);
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
