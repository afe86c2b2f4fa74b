import { runMaterialize } from '@weir/materialize';
import { materializeMysql } from './materialize-mysql.ts';

await runMaterialize(materializeMysql);
