// What a seed stands for: the server, the settings of the capture, and one table for each backfill mode, with keys,
// replica identities and partitions by chance.

import type { BackfillMode, ReplacePolicy, TruncatePolicy } from '@weir/sqlcapture';
import type { PostgresVersion } from '@weir/testing';
import { Dice } from './dice.ts';
import { chooseKey, type KeyColumn } from './stress-key.ts';

export type ReplicaIdentity = 'default' | 'full' | 'index' | 'nothing';
/** How a runtime acknowledges: each checkpoint, some of them much later, or none before it dies. */
export type Acknowledging = 'at once' | 'late' | 'never';

export interface TablePlan {
  readonly name: string;
  readonly mode: BackfillMode;
  readonly columns: readonly KeyColumn[];
  /** The columns are its primary key, and the key of its collection. Otherwise that is the position of a change. */
  readonly isKeyed: boolean;
  readonly isPartitioned: boolean;
  readonly identity: ReplicaIdentity;
  /** It may be dropped and created again. */
  readonly isReplaceable: boolean;
  readonly rows: number;
}

export interface StressPlan {
  readonly seed: number;
  readonly version: PostgresVersion;
  readonly schema: string;
  readonly historyMode: boolean;
  readonly asPartitions: boolean;
  /** The publication is of the whole schema, and made beforehand. */
  readonly readOnly: boolean;
  readonly splitKeyUpdates: boolean;
  readonly onTruncate: TruncatePolicy;
  readonly onReplaced: ReplacePolicy;
  readonly chunkRows: number;
  readonly acknowledging: Acknowledging;
  readonly tables: readonly TablePlan[];
  readonly sessions: number;
  /** Processes of the capture that end in some way, before the last one. */
  readonly lives: number;
  /** That read a chunk. */
  readonly backfillConnections: number;
  /** Positions come from rows of the capture's own. */
  readonly watermarks: boolean;
  /** Precise chunks get longer and longer, in tables of many more rows than the first has. */
  readonly growsChunks: boolean;
}

/** Of a table in which chunks grow, for each row of another one. */
const MORE_ROWS = 12;

const modes: readonly BackfillMode[] = ['', 'Normal', 'Precise', 'Without Primary Key', 'Only Changes'];

export function stressPlan(seed: number): StressPlan {
  const dice = new Dice(seed);
  const onReplaced: ReplacePolicy = dice.pick(['stop', 'backfill']);
  const partitioned = dice.below(modes.length + 2);
  const tables = modes.map((mode, index) => tablePlan(dice, mode, index === partitioned, onReplaced));
  const historyMode = dice.chance(0.25);
  const asPartitions = dice.chance(0.4);
  const readOnly = dice.chance(0.3);
  const plan: StressPlan = {
    seed,
    version: seed % 2 === 0 ? 18 : 15,
    schema: `stress_${seed}`,
    historyMode,
    asPartitions,
    readOnly,
    splitKeyUpdates: dice.chance(0.75),
    onTruncate: dice.pick(['ignore', 'backfill', 'stop']),
    onReplaced,
    chunkRows: dice.pick([3, 7, 15, 40]),
    acknowledging: dice.pick(['at once', 'late', 'late', 'never']),
    tables,
    sessions: dice.between(1, 4),
    lives: dice.between(2, 5),
    backfillConnections: dice.pick([1, 2, 3, 4]),
    watermarks: dice.chance(0.3) && !readOnly,
    growsChunks: dice.chance(0.5),
  };
  return plan.growsChunks ? withGrowingChunks(plan) : plan;
}

/** Several connections that read a chunk keep it from growing. */
function withGrowingChunks(plan: StressPlan): StressPlan {
  const tables = plan.tables.map((table) =>
    mayBePrecise(table) ? { ...table, rows: MORE_ROWS * table.rows } : table,
  );
  return { ...plan, tables, backfillConnections: 1 };
}

function mayBePrecise({ mode }: TablePlan): boolean {
  return mode === '' || mode === 'Precise';
}

function tablePlan(
  dice: Dice,
  mode: BackfillMode,
  isPartitioned: boolean,
  onReplaced: ReplacePolicy,
): TablePlan {
  const isKeyed = mode === 'Without Primary Key' || mode === 'Only Changes' ? dice.chance(0.5) : true;
  const isReplaceable =
    onReplaced === 'backfill' && mode !== 'Without Primary Key' && mode !== 'Only Changes';
  return {
    name: `t_${mode === '' ? 'automatic' : mode.toLowerCase().replaceAll(' ', '_')}`,
    mode,
    columns: chooseKey(dice, isPartitioned, mode === 'Precise'),
    isKeyed,
    isPartitioned,
    identity: chooseIdentity(dice, isKeyed, isPartitioned),
    isReplaceable: isReplaceable && !isPartitioned && dice.chance(0.6),
    rows: dice.between(20, 160),
  };
}

/** Without a primary key the server refuses updates and deletes unless the whole old row is logged. */
function chooseIdentity(dice: Dice, isKeyed: boolean, isPartitioned: boolean): ReplicaIdentity {
  if (!isKeyed) return dice.chance(0.85) ? 'full' : 'nothing';
  if (isPartitioned) return dice.pick(['default', 'full']);
  return dice.weighted([
    [5, 'default'],
    [3, 'full'],
    [3, 'index'],
    [1, 'nothing'],
  ]);
}

/** In a few words, for a report. */
export function describePlan(plan: StressPlan): string {
  const { tables, ...rest } = plan;
  const described = tables.map(
    ({ name, columns, isKeyed, isPartitioned, identity }) =>
      `${name}(${columns.map(({ type }) => type).join(', ')}; ${isKeyed ? 'keyed' : 'keyless'}, identity ${identity}${isPartitioned ? ', partitioned' : ''})`,
  );
  return `${JSON.stringify(rest)}\n${described.join('\n')}`;
}
