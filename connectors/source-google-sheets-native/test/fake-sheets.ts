// Google Sheets as far as the connector relies on it. The path, `fields`, `ranges`, and the forms of cells, sheets and times are
// those of the reference of version 4 of its API (spreadsheets.get, CellData, ExtendedValue, NumberFormat). The data is made up.

import type { JsonObject, JsonValue } from '@weir/schema/json';
import type { Transport, TransportResponse } from '@weir/cdk';
import type { FakeApi } from '@weir/cdk/testing';

export const config = JSON.stringify({
  spreadsheet_url: 'https://docs.google.com/spreadsheets/d/abc_DEF-123/edit#gid=0',
  credentials: {
    credentials_title: 'OAuth Credentials',
    client_id: 'c',
    client_secret: 's',
    refresh_token: 'r',
  },
});

export interface FakeSheet {
  readonly title: string;
  readonly frozenRowCount?: number;
  readonly sheetType?: string;
  /** [value, type of the number's format]; null for an empty cell. */
  rows: readonly (readonly (readonly [string | number | boolean, string?] | null)[])[];
}

export class FakeSheets {
  readonly asked: string[] = [];
  sheets: FakeSheet[];

  constructor(...sheets: FakeSheet[]) {
    this.sheets = sheets;
  }

  readonly transport: Transport = async ({ url, headers, body = '' }) => {
    this.asked.push(decodeURIComponent(`${url.origin}${url.pathname}${url.search}`));
    if (url.href === 'https://oauth2.googleapis.com/token') {
      if (!body.includes('refresh_token=r')) return answer(400, { error: 'invalid_grant' });
      return answer(200, { access_token: 'the token', expires_in: 3600 });
    }
    if (headers['authorization'] !== 'Bearer the token') return answer(401, {});
    if (url.pathname !== '/v4/spreadsheets/abc_DEF-123') return answer(404, {});
    const range = url.searchParams.get('ranges');
    if (range === null) return answer(200, this.#described());
    const sheet = this.sheets.find(({ title }) => `'${title.replaceAll("'", "''")}'` === range);
    if (sheet === undefined) return answer(400, { error: { message: `Unable to parse range: ${range}` } });
    const rowData = sheet.rows.map((cells) => (cells.length === 0 ? {} : { values: cells.map(cellOf) }));
    return answer(200, { sheets: [{ data: [{ rowData }] }] });
  };

  #described(): JsonObject {
    return {
      spreadsheetId: 'abc_DEF-123',
      properties: { timeZone: 'America/New_York' },
      sheets: this.sheets.map(({ title, frozenRowCount, sheetType = 'GRID' }) => ({
        properties: {
          title,
          sheetType,
          gridProperties: frozenRowCount === undefined ? {} : { frozenRowCount },
        },
      })),
    };
  }
}

function cellOf(cell: readonly [string | number | boolean, string?] | null): JsonObject {
  if (cell === null) return {};
  const [value, type] = cell;
  const kinds = { string: 'stringValue', number: 'numberValue', boolean: 'boolValue' } as const;
  return {
    effectiveValue: { [kinds[typeof value as keyof typeof kinds]]: value },
    ...(type === undefined ? {} : { effectiveFormat: { numberFormat: { type } } }),
  };
}

function answer(status: number, body: JsonValue): TransportResponse {
  return {
    status,
    headers: {},
    body: (async function* () {
      yield Buffer.from(JSON.stringify(body));
    })(),
  };
}

const MEMBERS = ['id', 'version', 'updated_at', 'created_at'] as const;

/** A spreadsheet of one sheet that changes while it is read: each row of a table is a row of cells, below a frozen one. */
export const changingSheet: FakeApi = {
  origin: 'https://sheets.googleapis.com',
  token: {
    url: 'https://oauth2.googleapis.com/token',
    livesMs: 600_000,
    accepts: ({ body = '' }) => body.includes('refresh_token=r'),
  },
  lists: {
    '/v4/spreadsheets/abc_DEF-123': (rows, { searchParams }) => {
      if (searchParams.get('ranges') === null) {
        const sheets = [{ properties: { title: 'S', gridProperties: { frozenRowCount: 1 } } }];
        return { body: { properties: { timeZone: 'UTC' }, sheets } };
      }
      const cells = rows.map(({ row }) => MEMBERS.map((name) => [textOf(row[name])] as const));
      const rowData = [MEMBERS.map((name) => [name] as const), ...cells].map((each) => ({
        values: each.map(cellOf),
      }));
      return { body: { sheets: [{ data: [{ rowData }] }] } };
    },
  },
};

/** As a cell shows it. */
export function asCells(row: JsonObject): JsonObject {
  return Object.fromEntries(MEMBERS.map((name) => [name, textOf(row[name])]));
}

const textOf = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
