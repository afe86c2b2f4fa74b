// What would stop a task, or may hurt it later, found without changing anything: the task is built as its next start
// would build it, which has its connector validate every binding against the real endpoint. A capture's connector may look
// at the committed state, and tell what the next session would meet.

import { accessSync, constants, existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { WeirError } from '@weir/protocol';
import type { Catalog } from '../catalog/load-catalog.ts';
import type { OpsLog } from '../connector/ops-log.ts';
import { errors } from '../errors.ts';
import { stateFolder } from '../store/state-folder.ts';
import type { Store } from '../store/store.ts';
import type { TaskName } from '../supervise/supervisor.ts';
import { buildTask, type TaskBuildOptions } from './build-task.ts';

export interface Finding {
  /** A problem keeps the task from running; a risk does not, so far. */
  readonly kind: 'problem' | 'risk';
  /** Empty when it has none. */
  readonly code: string;
  readonly message: string;
  /** What to do; empty when the message says it. */
  readonly fix: string;
}

/**
 * `store` is undefined before the first run. Risks are the connector's warnings, and its logs with a field `fix`;
 * problems are the error with which Validate ends, or each of those that it lists.
 */
export async function examineTask(
  catalog: Catalog,
  task: TaskName,
  store: Store | undefined,
  options: TaskBuildOptions,
): Promise<readonly Finding[]> {
  const findings = new Map<string, Finding>();
  const onLog = (log: OpsLog): void => {
    options.onLog?.(log);
    const risk = riskOf(log);
    if (risk !== undefined) findings.set(risk.message, risk);
  };
  const state = store?.task(task.name)?.state;
  using examined = state === undefined ? undefined : stateFile(state);
  const env = examined === undefined ? {} : { WEIR_EXAMINED_STATE: examined.path };
  try {
    const built = await buildTask(catalog, task, store, {
      ...options,
      env: { ...options.env, ...env },
      onLog,
    });
    if (built.protocol === 'materialize') {
      for (const message of built.leftOut) findings.set(message, finding('risk', message));
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    const problems = problemsOf(error);
    for (const { message } of problems) findings.delete(message);
    return [...problems, ...findings.values()];
  }
  return [...findings.values()];
}

/** The state of the task for its connector, which only looks at it. */
function stateFile(state: string): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-examined-'));
  const path = join(folder, 'state.json');
  writeFileSync(path, state, { mode: 0o600 });
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Below this much free space a busy capture may soon fill the disk. */
const LITTLE_SPACE_BYTES = 1024 ** 3;

/** What speaks against keeping journals in this folder, which need not exist yet. */
export function examineStateFolder(path: string): readonly Finding[] {
  const folder = stateFolder(path).path;
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return [
      problemOf(
        errors.RUNTIME_STATE_UNUSABLE({
          message: `The state folder ${folder} cannot be used: ${(error as Error).message}.`,
          cause: error,
        }),
      ),
    ];
  }
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  if (free >= LITTLE_SPACE_BYTES) return [];
  const message = `The disk of the state folder ${folder} has ${Math.floor(free / 1024 ** 2)} MiB left.`;
  return [finding('risk', message, 'Free some space, or choose another folder with --state.')];
}

function finding(kind: Finding['kind'], message: string, fix = '', code = ''): Finding {
  return { kind, code, message, fix };
}

function riskOf({ level, message, fields }: OpsLog): Finding | undefined {
  const fix = typeof fields['fix'] === 'string' ? fields['fix'] : '';
  if (level === 'warn' || (level === 'info' && fix !== '')) {
    const { code } = fields;
    return finding('risk', message, fix, typeof code === 'string' ? code : '');
  }
  return undefined;
}

function problemsOf(error: unknown): readonly Finding[] {
  if (!(error instanceof WeirError) || error.failures.length === 0) return [problemOf(error)];
  return error.failures.map(({ code, message, fix }) => finding('problem', message, fix, code));
}

function problemOf(error: unknown): Finding {
  if (error instanceof WeirError) return finding('problem', error.message, error.fix, error.code);
  return finding('problem', error instanceof Error ? error.message : String(error));
}
