import { runLedgerChild } from '@weir/testing';
import { materializePostgres } from '../src/materialize-postgres.ts';

await runLedgerChild(materializePostgres);
