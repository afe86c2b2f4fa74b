// A capture of tables that have a time of their last update: it asks for what is new, along that time and the key, and keeps
// how far it came. Here they are tables of a SQLite file; put your own client in the place of `node:sqlite`.

import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  bindingPatch,
  bindingState,
  type Capture,
  type CaptureBinding,
  type CaptureSession,
} from '@weir/capture';
import { configSchema, type ConfigOf, integer, optional, text } from '@weir/schema';

const config = configSchema(
  { id: 'https://example.com/source-sample/config', title: 'Sample' },
  {
    path: text({ title: 'Path', description: 'The SQLite file.', order: 0 }),
    poll_seconds: optional(
      integer({ title: 'Poll', description: 'Seconds between two looks.', default: 5, minimum: 1, order: 1 }),
    ),
  },
);

const resource = configSchema(
  { id: 'https://example.com/source-sample/resource', title: 'Table' },
  { table: text({ title: 'Table', description: 'The name of the table.', order: 0 }) },
);

type Config = ConfigOf<typeof config>;
type Resource = ConfigOf<typeof resource>;
type Session = CaptureSession<Config, Resource, object>;

/** How far a table was read: the last row of the last page. */
interface Position {
  readonly updated_at: string;
  readonly id: number;
}

const PAGE_ROWS = 1000;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const sample: Capture<Config, Resource> = {
  name: 'source-sample',
  spec: {
    configSchema: config,
    resourceSchema: resource,
    documentationUrl: 'https://example.com/source-sample',
    resourcePathPointers: ['/table'],
  },
  discover: async ({ path }) => {
    using database = new DatabaseSync(path, { readOnly: true });
    return tablesOf(database).map((table) => ({
      recommendedName: table,
      resource: { table },
      resourcePath: [table],
      key: ['/id'],
      documentSchema: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'integer' }, updated_at: { type: 'string' } },
        'x-infer-schema': true,
      },
    }));
  },
  validate: async ({ path }, bindings) => {
    using database = new DatabaseSync(path, { readOnly: true });
    const known = new Set(tablesOf(database));
    const missing = bindings.find((binding) => !known.has(binding.resource.table));
    if (missing !== undefined)
      throw new Error(`there is no table ${missing.resource.table} with id and updated_at`);
    return bindings.map((binding) => [binding.resource.table]);
  },
  apply: async () => '',
  pull: async (session) => {
    const { config: configured, bindings, state, signal } = session;
    using database = new DatabaseSync(configured.path, { readOnly: true });
    const positions = bindings.map(
      ({ stateKey }) => (bindingState(state, stateKey) as Position | undefined) ?? { updated_at: '', id: 0 },
    );
    while (!signal.aborted) {
      for (const [place, binding] of bindings.entries()) {
        const from = positions[place];
        if (from !== undefined) positions[place] = await readTable(session, binding, database, from);
      }
      await sleep(configured.poll_seconds * 1000, undefined, { signal }).catch(() => undefined);
    }
  },
};

function tablesOf(database: DatabaseSync): string[] {
  const rows = database
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND 2 = (SELECT count(*) FROM pragma_table_info(sqlite_schema.name) AS c WHERE c.name IN ('id', 'updated_at')) ORDER BY name`,
    )
    .all();
  return rows.map(({ name }) => String(name));
}

/** Everything behind the position, a page at a time; each page is committed with its position, which is returned. */
async function readTable(
  { output, signal }: Session,
  { index, resource: { table }, stateKey }: CaptureBinding<Resource>,
  database: DatabaseSync,
  from: Position,
): Promise<Position> {
  const page = database.prepare(
    `SELECT * FROM ${quoted(table)} WHERE (updated_at, id) > (?, ?) ORDER BY updated_at, id LIMIT ${PAGE_ROWS}`,
  );
  let position = from;
  while (!signal.aborted) {
    const rows = page.all(position.updated_at, position.id);
    const last = rows.at(-1);
    if (last === undefined) break;
    position = { updated_at: String(last['updated_at']), id: Number(last['id']) };
    const patch = bindingPatch(stateKey, { ...position });
    await output.transaction((transaction) => {
      for (const row of rows) transaction.document(index, Buffer.from(JSON.stringify(row)));
      transaction.checkpoint(patch);
    });
    await output.drained();
  }
  return position;
}
