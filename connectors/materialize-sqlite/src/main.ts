import { runMaterialize } from '@weir/materialize';
import { materializeSqlite } from './materialize-sqlite.ts';

await runMaterialize(materializeSqlite);
