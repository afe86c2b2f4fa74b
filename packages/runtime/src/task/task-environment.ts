// What a task works with besides its specification, and what it tells while it runs.

import type { ConnectorState, JsonText } from '@weir/protocol';
import { type Clock, systemClock } from '../host/clock.ts';
import { type Disk, systemDisk } from '../host/disk.ts';
import { HeadChannel } from '../journal/head-channel.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { prepareStateFolder, type StateFolder } from '../store/state-folder.ts';
import type { Store } from '../store/store.ts';

export interface TaskEnvironment {
  readonly folder: StateFolder;
  readonly store: Store;
  readonly heads: HeadChannel;
  readonly disk: Disk;
  readonly clock: Clock;
}

export interface OpenEnvironment extends TaskEnvironment, Disposable {}

/** Opens a state folder, creating it when it is missing. Does not take its lock. */
export function openEnvironment(
  path: string,
  { disk = systemDisk, clock = systemClock }: { readonly disk?: Disk; readonly clock?: Clock } = {},
): OpenEnvironment {
  const folder = prepareStateFolder(path);
  const store = new SqliteStore(folder.storePath);
  const heads = new HeadChannel(folder.path);
  const dispose = (): void => {
    heads[Symbol.dispose]();
    store[Symbol.dispose]();
  };
  return { folder, store, heads, disk, clock, [Symbol.dispose]: dispose };
}

export type TaskEvent =
  | { readonly kind: 'applied'; readonly actionDescription: string }
  | { readonly kind: 'opened' }
  /** A state that the connector sent with Applied, a checkpoint, Flushed, StartedCommit or Acknowledged. */
  | { readonly kind: 'state'; readonly state: ConnectorState }
  /** Of a capture: whether something that it sent is still to be committed. */
  | { readonly kind: 'receiving'; readonly isReceiving: boolean }
  | { readonly kind: 'commit'; readonly documents: number; readonly bytes: number; readonly stored: number }
  /**
   * A materialization has committed everything up to `positions` (journal source → offset), and there was nothing more;
   * a capture's connector ended, and is opened again after its interval.
   */
  | { readonly kind: 'caughtUp'; readonly positions: Readonly<Record<string, number>> };

export type OnTaskEvent = (event: TaskEvent) => void;

export const emptyState: JsonText = '{}';
