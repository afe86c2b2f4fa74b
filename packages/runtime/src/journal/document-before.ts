// The document that ends at an offset of a journal: what a checkpoint has read last.

import { join } from 'node:path';
import type { Disk } from '../host/disk.ts';
import { listSegments } from './segments.ts';

const newline = 0x0a;
const firstWindow = 64 << 10;

/** Without its line break; undefined when no document ends there. */
export function documentBefore(
  disk: Disk,
  journalsPath: string,
  folder: string,
  offset: number,
): Buffer | undefined {
  const segment = listSegments(disk, join(journalsPath, folder)).findLast(({ start }) => start < offset);
  if (segment === undefined) return undefined;
  const file = disk.openForReading(segment.path);
  try {
    const length = offset - segment.start;
    for (let window = firstWindow; ; window *= 4) {
      const size = Math.min(window, length);
      const bytes = Buffer.allocUnsafe(size);
      if (disk.read(file, bytes, length - size) < size || bytes.at(-1) !== newline) return undefined;
      const before = bytes.lastIndexOf(newline, -2);
      if (size > 1 && before !== -1) return bytes.subarray(before + 1, -1);
      if (size === length) return bytes.subarray(0, -1);
    }
  } finally {
    disk.close(file);
  }
}
