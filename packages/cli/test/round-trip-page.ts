// The page that says what becomes of every type: docs/types.md.

import { type Losses, type Place, places, type Reason, reasons } from './round-trip-values.ts';

/** One value on its way. */
export interface Journey {
  /** As the source prints it. */
  readonly original: string;
  /** As each place has it; null for none. */
  readonly found: Readonly<Record<Place, string | null>>;
  readonly losses: Losses;
}

export interface TypeJourney {
  readonly type: string;
  /** What discovery says of it in JSON Schema. */
  readonly schema: string;
  /** Of the columns, by the destination. */
  readonly columns: Readonly<Record<Exclude<Place, 'document'>, string>>;
  readonly journeys: readonly Journey[];
}

const destinations = ['PostgreSQL', 'MySQL', 'MariaDB', 'SQLite'];

const introduction = `# Types, from PostgreSQL to every SQL destination

Each type of PostgreSQL with values at its edges, captured by \`source-postgres\`, through \`weir run\` into the four SQL destinations
(all on servers of their default settings, with the zone UTC), and read back. The server's own list of types is asked whether any is
missing; left out are the few of which nobody can write a value (\`pg_node_tree\` and its like), and most types of arrays. This page is written by
[round-trip.e2e](../packages/cli/test/round-trip.e2e.test.ts), which runs it and fails when anything here is not so; by backfill
and by replication values are the same. It runs from PostgreSQL 18 to 18 and from 15 to 15, and to MySQL 9 and MariaDB 10.11.
`;

/** What the schema of a collection says of a property, in a few words. */
export function schemaText(writeSchema: string): (property: string) => string {
  const [properties] = [...findProperties(JSON.parse(writeSchema) as Node)];
  return (property) => {
    const node = properties?.[property] ?? {};
    const kinds = [node.type ?? []].flat().filter((kind) => kind !== 'null');
    const more = [node.format, node.contentEncoding].filter((text) => text !== undefined);
    return [kinds.length === 0 ? 'anything' : kinds.join(' or '), ...more].join(', ');
  };
}

interface Node {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly contentEncoding?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly $defs?: Readonly<Record<string, Node>>;
  readonly allOf?: readonly Node[];
}

/** The first that has columns. */
function* findProperties(node: Node): Generator<Readonly<Record<string, Node>>> {
  if (node.properties?.['c00'] !== undefined) yield node.properties;
  for (const child of [...Object.values(node.$defs ?? {}), ...(node.allOf ?? [])])
    yield* findProperties(child);
}

/** `keys`: that section of the page. */
export function renderPage(types: readonly TypeJourney[], keys: string): string {
  const used = usedReasons(types);
  return [
    introduction,
    '## Columns\n',
    row('PostgreSQL', 'JSON Schema', ...destinations),
    row(...Array.from({ length: 6 }, () => '---')),
    ...types.map(({ type, schema, columns }) => row(code(type), schema, ...Object.values(columns).map(code))),
    `\n${keys}## Values\n`,
    '`=` is the value itself: cast to the type of the source it is the same again (bytes as bytes, arrays and JSON as JSON). Where',
    'something else arrives it is shown, with the reason. The column of the whole document (`flow_document`) has everything that the',
    "document has, byte for byte but for MySQL's type `JSON`, for which the reason on JSON holds.\n",
    row('type', 'value', 'document', ...destinations),
    row(...Array.from({ length: 7 }, () => '---')),
    ...types.flatMap(({ type, journeys }) =>
      journeys.map((journey) =>
        row(code(type), code(journey.original), ...places.map((place) => cell(journey, place, used))),
      ),
    ),
    '',
    ...used.map((reason, at) => `${at + 1}. ${reasons[reason]}`),
    '',
  ].join('\n');
}

/** A type as the key of a table. */
export type KeyColumn = Pick<TypeJourney, 'type' | 'columns'>;

export function renderKeys(keys: readonly KeyColumn[]): string {
  return [
    '## Keys\n',
    'What the column of a key is, by [round-trip-keys.e2e](../packages/cli/test/round-trip-keys.e2e.test.ts), which changes and deletes',
    'rows of each. Dates and times are texts there, unless the flag `no_datetime_keys_as_string` is set.\n',
    row('PostgreSQL', ...destinations),
    row(...Array.from({ length: 5 }, () => '---')),
    ...keys.map(({ type, columns }) => row(code(type), ...Object.values(columns).map(code))),
    '\n',
  ].join('\n');
}

const keysSection = /## Keys\n[^]*?(?=## Values\n)/;

export function keysOf(page: string): string {
  return keysSection.exec(page)?.[0] ?? '';
}

export function withKeys(page: string, keys: string): string {
  return page.replace(keysSection, '').replace('## Values\n', () => `${keys}## Values\n`);
}

function usedReasons(types: readonly TypeJourney[]): Reason[] {
  const all = types.flatMap(({ journeys }) => journeys.flatMap(({ losses }) => Object.values(losses)));
  return [...new Set(all)];
}

function cell({ found, losses }: Journey, place: Place, used: readonly Reason[]): string {
  const reason = losses[place];
  if (reason === undefined) return '=';
  const text = found[place];
  return `${text === null ? 'null' : code(text)} (${used.indexOf(reason) + 1})`;
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Within a cell of a table: a bar has to be escaped there even inside of code, and control characters are not shown as such. */
function code(text: string): string {
  if (text === '') return '(empty)';
  const visible = text.replaceAll(/[^ -\uffff]/g, escaped);
  return `\`${visible.replaceAll('|', String.raw`\|`)}\``;
}

const escaped = (control: string): string => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
