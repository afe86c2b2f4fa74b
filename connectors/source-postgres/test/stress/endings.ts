// How one process of the capture ends: by itself at a crash point, or because something is done to it, to its
// connections or to the server, at a random moment.

import { CRASH_POINTS } from '@weir/capture';
import { crashPoints } from '@weir/sqlcapture';
import type { Dice } from './dice.ts';

export type Blow =
  | 'kill'
  | 'ask to end'
  | 'cut connections'
  | 'end a server process'
  | 'kill the server'
  | 'restart the server';

export interface Ending {
  /** `name:pass` of the crash point at which it dies, unless it is hit before. */
  readonly crashPoint: string | undefined;
  readonly blow: Blow;
  /** Of this process, before the blow. */
  readonly checkpoints: number;
  /** After them; or after the start, when there are none to wait for. */
  readonly ms: number;
}

export function chooseEnding(dice: Dice): Ending {
  const points = [...crashPoints, ...CRASH_POINTS] as const;
  const [first, ...others] = points;
  const diesByItself = dice.chance(0.35);
  return {
    crashPoint: diesByItself ? `${dice.pick([first, ...others])}:${dice.between(1, 25)}` : undefined,
    blow: dice.weighted([
      [10, 'kill'],
      [2, 'ask to end'],
      [3, 'cut connections'],
      [3, 'end a server process'],
      [2, 'kill the server'],
      [1, 'restart the server'],
    ]),
    ...dice.weighted([
      [1, { checkpoints: 0, ms: dice.below(2500) }],
      [3, { checkpoints: dice.between(1, 25), ms: dice.below(60) }],
      [3, { checkpoints: dice.between(1, 90), ms: dice.below(400) }],
    ]),
  };
}
