// A journal is one sequence of bytes, cut into files that are named after the offset of their first byte. Every file
// begins and ends at a document's border.

import { join } from 'node:path';
import type { Disk } from '../host/disk.ts';

export interface Segment {
  readonly path: string;
  /** Offset in the journal of the file's first byte. */
  readonly start: number;
}

const namePattern = /^(\d{16})\.ndjson$/;

export function segmentPath(folder: string, start: number): string {
  return join(folder, `${String(start).padStart(16, '0')}.ndjson`);
}

/** The files of a journal in order of their offsets. */
export function listSegments(disk: Disk, folder: string): Segment[] {
  return disk
    .list(folder)
    .map((name) => namePattern.exec(name))
    .filter((match) => match !== null)
    .map((match) => ({ path: join(folder, match[0]), start: Number(match[1]) }));
}
