export type Flavour = 'mysql' | 'mariadb';

/** A server that is on this machine. */
export interface ServerProgram {
  readonly flavour: Flavour;
  /** As the server reports it, for instance `10.11.19`. */
  readonly version: string;
  /** The command that runs the server, before its options. */
  readonly command: readonly [string, ...string[]];
  /** The command that makes the data folder which is then given as `--datadir`, before its options. */
  readonly initialize: readonly [string, ...string[]];
}

/** The first number of a server's `--version`; undefined for the text of another program. */
export function versionIn(text: string): string | undefined {
  return /\bVer (\d+\.\d+\.\d+)/.exec(text)?.[1];
}
