import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder of this project's below the user's cache, which outlives a clone. It may not exist. */
export function cacheFolder(...parts: readonly string[]): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir', ...parts);
}
