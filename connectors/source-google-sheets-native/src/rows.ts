// The rows of a sheet as documents. Columns are named by the first row where exactly that one is frozen, and by their letters
// otherwise; rows without any cell are left out. Numbers are texts, as upstream's are.

import {
  documents,
  errors,
  type HttpClient,
  type SnapshotStream,
  readList,
  recordsOf,
  singlePage,
} from '@weir/cdk';
import {
  getProperty,
  isJsonNumber,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  setProperty,
} from '@weir/schema/json';
import { serialDate, serialTime } from './serial-time.ts';
import { member, sheetsOf } from './sheets.ts';

const list = {
  paging: singlePage,
  format: { kind: 'json', path: ['sheets', '*', 'data', '*', 'rowData'] },
} as const;
const fields = 'sheets.data.rowData.values(effectiveValue,effectiveFormat.numberFormat.type)';

export function readRows(client: HttpClient, title: string): SnapshotStream {
  return {
    async *fetchSnapshot({ signal }) {
      // A header may have been frozen, and the zone changed, since the last time.
      const sheet = (await sheetsOf({ client }, signal)).find((each) => each.title === title);
      // No rows would be taken for a sheet that was emptied.
      if (sheet === undefined) {
        throw errors.CDK_BINDING_UNKNOWN({
          message: `The spreadsheet no longer has a sheet ${JSON.stringify(title)}.`,
        });
      }
      // A title in quotes is never taken for a range.
      const query = { ranges: `'${title.replaceAll("'", "''")}'`, fields };
      let header: readonly string[] | undefined = sheet.hasHeader ? undefined : [];
      for await (const event of readList(client, list, { url: '', query }, undefined, signal)) {
        if ('next' in event) continue;
        const rows: JsonObject[] = [];
        for (const record of recordsOf(event)) {
          const cells = cellsOf(parseJson(record), sheet.timeZone);
          if (header === undefined) header = cells.map((cell) => String(cell ?? ''));
          else if (cells.some((cell) => cell !== undefined)) rows.push(document(cells, header));
        }
        if (rows.length > 0) yield documents(rows);
      }
    },
  };
}

function document(cells: readonly Cell[], header: readonly string[]): JsonObject {
  const row: JsonObject = {};
  for (const [index, cell] of cells.entries()) {
    if (cell !== undefined) setProperty(row, nameOf(header[index], index), cell);
  }
  return row;
}

/** A column without a name in the header has that of its letters: A, …, Z, AA. */
export function nameOf(header: string | undefined, index: number): string {
  if (header !== undefined && header !== '') return header;
  const letter = String.fromCodePoint(65 + (index % 26));
  return index < 26 ? letter : `${nameOf(undefined, Math.floor(index / 26) - 1)}${letter}`;
}

type Cell = string | boolean | undefined;

function cellsOf(row: JsonValue, timeZone: string): Cell[] {
  const values = isJsonObject(row) ? getProperty(row, 'values') : undefined;
  return Array.isArray(values) ? values.map((value) => cellOf(value, timeZone)) : [];
}

/** undefined for an empty cell, and for one whose formula fails. */
function cellOf(cell: JsonValue, timeZone: string): Cell {
  const value = member(cell, 'effectiveValue');
  const text = member(value, 'stringValue') ?? member(value, 'boolValue');
  if (typeof text === 'string' || typeof text === 'boolean') return text;
  const number = member(value, 'numberValue');
  if (number === undefined || !isJsonNumber(number)) return undefined;
  switch (member(member(member(cell, 'effectiveFormat'), 'numberFormat'), 'type')) {
    case 'DATE':
      return serialDate(Number(number));
    case 'DATE_TIME':
      return serialTime(Number(number), timeZone);
    default:
      return String(number);
  }
}
