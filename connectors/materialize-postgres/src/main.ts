import { runMaterialize } from '@weir/materialize';
import { materializePostgres } from './materialize-postgres.ts';

await runMaterialize(materializePostgres);
