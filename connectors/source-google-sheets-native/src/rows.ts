// The rows of a sheet as documents. Columns are named by the first row where exactly that one is frozen, and by their letters
// otherwise; rows without any cell are left out. Numbers are texts, as upstream's are.

import {
  documents,
  errors,
  type HttpClient,
  namedCells,
  readList,
  recordsOf,
  serialDate,
  serialTime,
  singlePage,
  type SnapshotStream,
} from '@weir/cdk';
import { isJsonNumber, type JsonObject, type JsonValue, parseJson, resolvePointer } from '@weir/schema/json';
import { sheetsOf } from './sheets.ts';

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
          else if (cells.some((cell) => cell !== undefined)) rows.push(namedCells(cells, header));
        }
        if (rows.length > 0) yield documents(rows);
      }
    },
  };
}

function cellsOf(row: JsonValue, timeZone: string): (string | boolean | undefined)[] {
  const values = resolvePointer(row, ['values']);
  return Array.isArray(values) ? values.map((value) => cellOf(value, timeZone)) : [];
}

/** undefined for an empty cell, and for one whose formula fails. */
function cellOf(cell: JsonValue, timeZone: string): string | boolean | undefined {
  const value = resolvePointer(cell, ['effectiveValue']) ?? null;
  const text = resolvePointer(value, ['stringValue']) ?? resolvePointer(value, ['boolValue']);
  if (typeof text === 'string' || typeof text === 'boolean') return text;
  const number = resolvePointer(value, ['numberValue']);
  if (number === undefined || !isJsonNumber(number)) return undefined;
  const type = resolvePointer(cell, ['effectiveFormat', 'numberFormat', 'type']);
  if (type === 'DATE') return serialDate(Number(number));
  return type === 'DATE_TIME' ? serialTime(Number(number), timeZone) : String(number);
}
