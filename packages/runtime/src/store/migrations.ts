// The tables of store.db, as a list of steps. A released step is never edited; changes are new steps at the end.

export const migrations: readonly string[] = [
  `
  CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE task (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    last_applied TEXT,
    last_version TEXT NOT NULL DEFAULT '',
    state TEXT,
    checkpoint BLOB,
    transactions INTEGER NOT NULL DEFAULT 0,
    last_commit_ms INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE journal (
    name TEXT PRIMARY KEY,
    collection TEXT NOT NULL,
    task TEXT NOT NULL,
    folder TEXT NOT NULL UNIQUE,
    head INTEGER NOT NULL DEFAULT 0,
    documents INTEGER NOT NULL DEFAULT 0,
    clock INTEGER NOT NULL DEFAULT 0,
    UNIQUE (collection, task)
  ) STRICT;
  CREATE TABLE max_key (
    task TEXT NOT NULL, state_key TEXT NOT NULL, key BLOB NOT NULL,
    PRIMARY KEY (task, state_key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE inferred_schema (
    collection TEXT NOT NULL, task TEXT NOT NULL, state_key TEXT NOT NULL,
    schema TEXT NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (collection, task, state_key)
  ) STRICT;
  CREATE TABLE binding_count (
    task TEXT NOT NULL, state_key TEXT NOT NULL, documents INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (task, state_key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE backfill (
    task TEXT NOT NULL, binding TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (task, binding)
  ) STRICT, WITHOUT ROWID;
  `,
  'ALTER TABLE journal ADD COLUMN first INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE backfill ADD COLUMN least INTEGER NOT NULL DEFAULT 0',
];
