// A task may be examined while it rests, or runs elsewhere: its connector validates it, and nothing is changed. Whoever
// has the task's committed state says where, in the environment of the connector:
//   WEIR_EXAMINED_STATE=<file>   the state, as JSON
// Validate may then tell what the next session would meet. It is absent wherever else Validate is asked.

import { readFileSync } from 'node:fs';

export function examinedState(env: Readonly<Record<string, string | undefined>>): unknown {
  const file = env['WEIR_EXAMINED_STATE'] ?? '';
  if (file === '') return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // In a container, say, there is no such file.
    return undefined;
  }
}
