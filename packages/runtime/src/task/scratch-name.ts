// Names of scratch files. A capture and a materialization may have one name, and all tasks share the folder: a file of two
// would mix their rows.

import { createHash } from 'node:crypto';

/** `part`: which of the task's combiners. Legal everywhere, readable, and different for different tasks. */
export function scratchName(kind: 'capture' | 'materialization', task: string, part: string): string {
  const digest = createHash('sha256').update(task).digest('hex').slice(0, 32);
  return `${kind}-${encodeURIComponent(task).slice(0, 100)}-${digest}-${part}`;
}
