// The verdict on a pipeline: every table of the source against its copy, row for row.

import { compareTable, isEqual, type TableComparison } from '../src/demo/compare-tables.ts';
import { type Pipeline, until } from './pipeline.ts';

function shown(comparison: TableComparison): string {
  const { table, sourceRows, copyRows, onlyInSource, onlyInCopy } = comparison;
  const lines = [
    `${table}: ${sourceRows} rows, ${copyRows} copied`,
    ...onlyInSource.map((row) => `  only in the source: ${row.slice(0, 500)}`),
    ...onlyInCopy.map((row) => `  only in the copy: ${row.slice(0, 500)}`),
  ];
  return lines.join('\n');
}

/** What differs, a line per table; [] when everything is equal. */
export async function differences(pipeline: Pipeline): Promise<string[]> {
  using copy = pipeline.openCopy();
  if (copy === undefined) return ['there is no copy'];
  const connection = await pipeline.server.connect();
  try {
    const found: string[] = [];
    for (const table of pipeline.tables) {
      const comparison = await compareTable(connection, copy, table);
      if (!isEqual(comparison)) found.push(shown(comparison));
    }
    return found;
  } finally {
    await connection.close();
  }
}

/** Waits for a source that no longer changes to have arrived. `onLook` runs at every look. */
export async function untilEqual(pipeline: Pipeline, onLook: () => void = () => {}): Promise<void> {
  let different: string[] = [];
  const look = async (): Promise<boolean> => {
    onLook();
    different = await differences(pipeline);
    return different.length === 0;
  };
  await until('that every table is equal', look, {
    everyMs: 250,
    explain: () => `${different.join('\n').slice(0, 5000)}\n${pipeline.log.slice(-5000)}`,
  });
}
