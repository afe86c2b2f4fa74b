// A GraphQL API with connections within connections, which also writes all rows of a time into a file. It reads of a query only
// what it is about; a selection is taken to be the one that the rows have.

import type { JsonObject, JsonValue } from '@weir/schema/json';
import type { FakeList, FakePage, FakeRefusal } from '../src/testing/fake-vendor.ts';
import type { ScriptedTable, TableRow } from '../src/testing/scripted-table.ts';

interface Asked {
  readonly query: string;
  readonly variables?: Readonly<Record<string, string | number>>;
}

interface Operation {
  readonly id: string;
  readonly query: string;
  readonly rows: readonly TableRow[];
  readonly createdMs: number;
  readonly doneMs: number;
}

const RUNS_MS = 20_000;
const KEPT_MS = 120_000;
const AT_ONCE = 2;
const TOO_MANY_ROWS = 20;

interface Below extends JsonObject {
  readonly id: string;
  readonly version: number;
}

/** What a row has below it: up to four lines, of which each has up to three parts; without `__above`. */
function linesOf({ row }: Pick<TableRow, 'row'>): Below[] {
  const { id, version } = { id: Number(row['id']), version: Number(row['version']) };
  return Array.from({ length: (id + version) % 5 }, (_, n) => ({ id: `${id}-${n}`, version }));
}

function partsOf({ id, version }: Below): Below[] {
  return Array.from({ length: (version + id.length) % 4 }, (_, n) => ({ id: `${id}-${n}`, version }));
}

/** A row as a document. */
export function wholeRow(row: JsonObject): JsonObject {
  const lines = linesOf({ row }).map((line) => ({
    ...line,
    parts: partsOf(line).map((part) => ({ ...part, __above: line.id })),
    __above: row['id'] ?? null,
  }));
  return { ...row, below: { lines } };
}

/** Rows are in the order of their ids, and a position is the id of the row before it, whether that is there or not. */
const textOf = (id: JsonValue = ''): string => (typeof id === 'string' ? id : String(Number(id)));
const placeOf = (id: JsonValue | undefined): number => Number(textOf(id).split('-').at(-1));

function pageOf(rows: readonly JsonObject[], { after, first = 2 }: NonNullable<Asked['variables']>) {
  const rest = after === undefined ? rows : rows.filter(({ id }) => placeOf(id) > placeOf(after));
  const nodes = rest.slice(0, Math.min(Number(first), 3));
  const hasNextPage = rest.length > nodes.length;
  return { nodes, pageInfo: { hasNextPage, endCursor: textOf(nodes.at(-1)?.['id']) } };
}

const lineNode = (line: Below): JsonObject => ({ ...line, parts: pageOf(partsOf(line), {}) });
const rowNode = ({ row }: TableRow): JsonObject => ({
  ...row,
  below: { lines: pageOf(linesOf({ row }).map(lineNode), {}) },
});

function restOf(
  rows: readonly TableRow[],
  { id = '', after = '' }: NonNullable<Asked['variables']>,
): JsonValue {
  const [above, line] = String(id).split('-');
  const row = rows.find((each) => String(each.id) === above);
  if (row === undefined) return null;
  if (line === undefined) return { below: { lines: pageOf(linesOf(row).map(lineNode), { after }) } };
  const found = linesOf(row).find((each) => each.id === id);
  return found === undefined ? null : { parts: pageOf(partsOf(found), { after }) };
}

const operations = new WeakMap<ScriptedTable, Operation[]>();
const asked = new WeakMap<ScriptedTable, number>();

const inWindow = (rows: readonly TableRow[], from: string, to: string): TableRow[] =>
  rows.filter(({ updatedAt }) => updatedAt.toString() >= from && updatedAt.toString() <= to);

export const fakeGraphql: FakeList = (rows, _url, table, { body = '' }): FakePage | FakeRefusal => {
  const { query, variables = {} } = JSON.parse(body) as Asked;
  const count = (asked.get(table) ?? 0) + 1;
  asked.set(table, count);
  if (count % 7 === 0) {
    return { body: { errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }] } };
  }
  const known = operations.get(table) ?? [];
  operations.set(table, known);
  const shown = (each: Operation) => ({
    id: each.id,
    query: each.query,
    createdAt: new Date(each.createdMs).toISOString(),
    status: table.nowMs < each.doneMs ? 'RUNNING' : each.rows.length > TOO_MANY_ROWS ? 'FAILED' : 'DONE',
    reason: 'TIMEOUT',
  });
  if (query.startsWith('mutation')) {
    if (known.filter(({ doneMs }) => doneMs > table.nowMs).length >= AT_ONCE) {
      return { body: { data: { run: { operation: null, problems: [{ code: 'LIMIT_REACHED' }] } } } };
    }
    const wanted = inWindow(rows, String(variables['from']), String(variables['to']));
    const operation = {
      id: `op${known.length}`,
      query: `${variables['from']} ${variables['to']}`,
      rows: wanted,
      createdMs: table.nowMs,
      doneMs: table.nowMs + RUNS_MS,
    };
    known.push(operation);
    return { body: { data: { run: { operation: shown(operation), problems: [] } } } };
  }
  if (query.includes('operations')) return { body: { data: { operations: known.map(shown) } } };
  if (query.includes('operation(')) {
    const found = known.find(({ id }) => id === variables['id']);
    return { body: { data: { operation: found === undefined ? null : shown(found) } } };
  }
  if (query.includes('node(')) return { body: { data: { node: restOf(rows, variables) } } };
  const { from = '', to = '~' } = variables;
  const wanted = inWindow(rows, String(from), String(to)).map(rowNode);
  const left = { available: 1000 - (count % 3) * 400, perSecond: 50 };
  return { body: { data: { rows: pageOf(wanted, variables) }, extensions: { left } } };
};

/** What operations have written: a row, its lines, and then what is below them. Kept for two minutes. */
export const fakeFiles: FakeList = (_rows, { searchParams }, table): FakePage | FakeRefusal => {
  const operation = operations.get(table)?.find(({ id }) => id === searchParams.get('id'));
  if (operation === undefined || table.nowMs > operation.doneMs + KEPT_MS) {
    return { status: 403, text: 'the link has expired' };
  }
  const lines = operation.rows.flatMap(({ row }) => {
    const below = linesOf({ row });
    return [
      { ...row, below: {} },
      ...below.map((line) => ({ ...line, __above: row['id'] ?? null })),
      ...below.flatMap((line) => partsOf(line).map((part) => ({ ...part, __above: line.id }))),
    ];
  });
  return { body: null, lines };
};
