import type { LatencyRow } from './latency-row.ts';
import { pipelineLatency } from './latency-pipeline.ts';
import { postgresSink } from './pipeline-sink.ts';

export const latencyPgPg: LatencyRow = {
  id: 'latency-pg-pg',
  title: 'from the commit of a row in Postgres to the row in another Postgres, one at a time',
  targetP50Ms: 50,
  targetP99Ms: 250,
  conditions:
    'PostgreSQL 15 on loopback, an idle pipeline, one insert every 50 ms or more, the copy asked every 2 ms',
  measure: (samples) => pipelineLatency(samples, postgresSink),
};
