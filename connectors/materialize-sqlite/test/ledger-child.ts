import { runLedgerChild } from '@weir/testing';
import { materializeSqlite } from '../src/materialize-sqlite.ts';

await runLedgerChild(materializeSqlite);
