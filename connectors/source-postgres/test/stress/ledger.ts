// The truth to compare with, kept by the server itself: triggers note each change of each table, in the transaction
// that makes it, so that what is rolled back or lost in a crash is not in the ledger either. For one key, and for all
// that locks its table (TRUNCATE, ALTER), ids of notes are in the order of the commits, because locks are.

import type { PgConnection } from '@weir/pgwire';

export interface Note {
  readonly id: number;
  /** The bound table. */
  readonly stream: string;
  readonly kind: 'insert' | 'update' | 'delete' | 'truncate' | 'alter' | 'drop';
  /** Texts of the key's columns, as JSON. */
  readonly oldKey: string | undefined;
  readonly newKey: string | undefined;
  readonly oldStamp: number | undefined;
  /** Of the row; of an alteration, one that is greater than those of all rows written before. */
  readonly newStamp: number | undefined;
  /** Whether it was committed after the snapshot that was asked about. */
  readonly isLater: boolean;
}

/** Everything of the ledger lives in a schema of its own, which no publication holds. */
export function ledgerSql(ledger: string): string {
  return `
    CREATE SCHEMA ${ledger};
    CREATE SEQUENCE ${ledger}.stamps;
    CREATE TABLE ${ledger}.notes (id bigserial PRIMARY KEY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      stream text NOT NULL, kind text NOT NULL, old_key text, new_key text, old_stamp bigint, new_stamp bigint);
    CREATE FUNCTION ${ledger}.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.stamp := nextval('${ledger}.stamps'); RETURN NEW; END $$;
    CREATE FUNCTION ${ledger}.key_of(r jsonb, VARIADIC names text[]) RETURNS text LANGUAGE sql AS
      $$ SELECT jsonb_agg(r ->> name ORDER BY place)::text FROM unnest(names) WITH ORDINALITY n (name, place) WHERE place > 1 $$;
    CREATE FUNCTION ${ledger}.note() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE stream text := CASE TG_ARGV[0] WHEN '' THEN TG_TABLE_NAME ELSE TG_ARGV[0] END;
      BEGIN
        CASE TG_OP
        WHEN 'INSERT' THEN INSERT INTO ${ledger}.notes (stream, kind, new_key, new_stamp)
          VALUES (stream, 'insert', ${ledger}.key_of(to_jsonb(NEW), VARIADIC TG_ARGV), NEW.stamp);
        WHEN 'UPDATE' THEN INSERT INTO ${ledger}.notes (stream, kind, old_key, new_key, old_stamp, new_stamp)
          VALUES (stream, 'update', ${ledger}.key_of(to_jsonb(OLD), VARIADIC TG_ARGV),
                  ${ledger}.key_of(to_jsonb(NEW), VARIADIC TG_ARGV), OLD.stamp, NEW.stamp);
        WHEN 'DELETE' THEN INSERT INTO ${ledger}.notes (stream, kind, old_key, old_stamp)
          VALUES (stream, 'delete', ${ledger}.key_of(to_jsonb(OLD), VARIADIC TG_ARGV), OLD.stamp);
        ELSE INSERT INTO ${ledger}.notes (stream, kind) VALUES (stream, 'truncate');
        END CASE;
        RETURN NULL;
      END $$;`;
}

/** In the transaction that altered or dropped the tables, after it did. */
export function noteSql(ledger: string, kind: 'alter' | 'drop', streams: readonly string[]): string {
  const values = streams.map((stream) => `('${stream}', '${kind}', nextval('${ledger}.stamps'))`);
  return `INSERT INTO ${ledger}.notes (stream, kind, new_stamp) VALUES ${values.join(', ')};`;
}

/** All notes of a bound table in their order. `snapshot` as text, to tell which transactions it did not see. */
export async function readLedger(
  connection: PgConnection,
  ledger: string,
  stream: string,
  snapshot: string | undefined,
): Promise<readonly Note[]> {
  const { rows } = await connection.query(
    `SELECT id, kind, old_key, new_key, old_stamp, new_stamp,
            $2 = '' OR NOT pg_catalog.pg_visible_in_snapshot(xid, nullif($2, '')::pg_snapshot)
       FROM ${ledger}.notes WHERE stream = $1 ORDER BY id`,
    [stream, snapshot ?? ''],
  );
  const stamp = (text: string | null | undefined) =>
    text === null || text === undefined ? undefined : Number(text);
  return rows.map(([id, kind, oldKey, newKey, oldStamp, newStamp, isLater]) => ({
    id: Number(id),
    stream,
    kind: kind as Note['kind'],
    oldKey: canonical(oldKey),
    newKey: canonical(newKey),
    oldStamp: stamp(oldStamp),
    newStamp: stamp(newStamp),
    isLater: isLater === 't',
  }));
}

function canonical(key: string | null | undefined): string | undefined {
  return key === null || key === undefined ? undefined : JSON.stringify(JSON.parse(key));
}
