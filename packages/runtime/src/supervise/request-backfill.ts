// A backfill without editing the catalog: the store counts requests per binding, and a build adds them to the catalog's
// own backfill counters, which gives the binding a new state key. It is a key that the binding never had, also when the
// catalog's counter goes down before the build.

import { captureSpecFromJson, materializationSpecFromJson, stateKey } from '@weir/protocol';
import { SqliteStore } from '../store/sqlite-store.ts';
import { prepareStateFolder } from '../store/state-folder.ts';
import type { BackfillRequest, TaskRecord } from '../store/store.ts';

/** Takes effect when the task is built next: at its next start. */
export function requestBackfill(statePath: string, task: string, resourcePath: readonly string[]): void {
  using store = new SqliteStore(prepareStateFolder(statePath).storePath);
  const binding = stateKey(resourcePath, 0);
  const record = store.task(task);
  const applied = record === undefined ? [] : appliedBindings(record);
  const found = applied.find((each) => stateKey(each.resourcePath, 0) === binding);
  store.requestBackfill(found === undefined ? { task, binding } : backfillOf(task, found));
}

export interface AppliedBinding {
  readonly resourcePath: readonly string[];
  readonly backfill: number;
  readonly collection: { readonly name: string };
  readonly isActive: boolean;
}

/** Also those that it has not now: a binding that comes back goes on from where it was. */
export function appliedBindings({ kind, lastApplied }: TaskRecord): AppliedBinding[] {
  if (lastApplied === undefined) return [];
  const parse = kind === 'capture' ? captureSpecFromJson : materializationSpecFromJson;
  const { bindings, inactiveBindings } = parse(lastApplied);
  return [
    ...bindings.map((binding) => ({ ...binding, isActive: true })),
    ...inactiveBindings.map((binding) => ({ ...binding, isActive: false })),
  ];
}

export function backfillOf(task: string, { resourcePath, backfill }: AppliedBinding): BackfillRequest {
  return { task, binding: stateKey(resourcePath, 0), least: backfill + 1 };
}
