// The floors of the house, bottom to top (docs/02-the-house.md). A package imports only from floors below its own;
// the runtime and the connectors stand on two stairs that meet only on the wire.

/** Which packages each package may import. `libs/*` import nothing; a connector imports kits, libs and below. */
export const floors: Readonly<Record<string, number>> = {
  libs: 0,
  protocol: 1,
  schema: 2,
  connector: 3,
  auth: 3,
  'network-tunnel': 3,
  capture: 4,
  materialize: 4,
  postgres: 4,
  sqlcapture: 5,
  sqlbatch: 5,
  filesource: 5,
  cdk: 5,
  'materialize-sql': 5,
  filesink: 5,
  connectors: 6,
};

/** The other stair: protocol and schema, then runtime, then cli. */
export const runtimeStair: Readonly<Record<string, readonly string[]>> = {
  runtime: ['libs', 'protocol', 'schema'],
  cli: ['libs', 'protocol', 'schema', 'runtime'],
};

/** The room of a file: `libs`, `connectors`, or the package's folder name under packages/; undefined outside the house. */
export function roomOf(path: string): string | undefined {
  const [top, name] = path.split('/');
  if (top === 'libs' || top === 'connectors') return top;
  if (top === 'packages') return name;
  return undefined;
}

export function mayImport(from: string, to: string): boolean {
  if (from === 'testing') return to !== 'connectors';
  if (to === 'testing') return false;
  const stair = runtimeStair[from];
  if (stair !== undefined) return stair.includes(to);
  const [own, other] = [floors[from], floors[to]];
  return own !== undefined && other !== undefined && other < own;
}
