import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { errors } from './errors.ts';

/** What tokens are made from, beside the configuration. */
export interface CloudContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function processContext(): CloudContext {
  return { env: process.env, homeDirectory: homedir(), now: Date.now };
}

/** Throws AUTH_FILE_INVALID. `origin` is the name of the environment variable that holds the path. */
export async function readCredentialFile(path: string, origin: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw errors.AUTH_FILE_INVALID({
      message: `cannot read ${path}, which ${origin} names: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
}

/** The content of a file that need not exist. */
export async function readFileIfPresent(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
