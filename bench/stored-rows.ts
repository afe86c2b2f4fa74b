// The rows that the benches of SQL destinations store, as Store requests and as the lines of a file.

import { type MaterializationSpec, packTuple } from '@weir/protocol';
import { sampleBindingSpec, sampleMaterialization } from '@weir/testing';
import { writeFileSync } from 'node:fs';
import { encodeRequests } from './materialize-process.ts';

export const storedRows = Number(process.env['WEIR_BENCH_STORES'] ?? 300_000);

/** A task with the one table `t`. */
export function storedRowsSpec(config: object): MaterializationSpec {
  const binding = sampleBindingSpec({
    resourcePath: ['t'],
    resource: { table: 't' },
    fields: {
      id: { types: ['integer'] },
      name: { types: ['string'] },
      note: { types: ['string'] },
      quantity: { types: ['integer'] },
    },
  });
  return { ...sampleMaterialization(binding), config: JSON.stringify(config) };
}

function makeRow(id: number, version: string) {
  const fields = {
    id,
    name: `name ${id}`,
    note: `a note of some length about row ${id}, as rows have${version}`,
    quantity: id % 1000,
  };
  const doc = JSON.stringify({ _meta: { op: 'c', uuid: '7be2a9c0-a1c9-11ef-8000-071353030311' }, ...fields });
  return { ...fields, doc };
}

export function storedRowRequests(exists: boolean, version = ''): Buffer[] {
  const ids = Array.from({ length: storedRows }, (_, id) => id);
  return encodeRequests(
    ids.map((id) => {
      const { name, note, quantity, doc } = makeRow(id, version);
      return {
        kind: 'store',
        binding: 0,
        keyPacked: packTuple([id]),
        valuesPacked: packTuple([name, note, quantity]),
        doc: Buffer.from(doc),
        exists,
        delete: false,
      } as const;
    }),
  );
}

/** The rows as COPY and LOAD DATA take them. */
export function writeStoredRows(path: string, version: string): void {
  const lines: string[] = [];
  for (let id = 0; id < storedRows; id += 1) {
    const { name, note, quantity, doc } = makeRow(id, version);
    lines.push(`${id}\t${name}\t${note}\t${quantity}\t${doc}\n`);
  }
  writeFileSync(path, lines.join(''));
}
