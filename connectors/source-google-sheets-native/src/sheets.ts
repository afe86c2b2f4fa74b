// What a spreadsheet holds: its sheets, and what is to be known of them to read their rows.

import type { StreamContext } from '@weir/cdk';
import { type JsonValue, type Pointer, resolvePointer } from '@weir/schema/json';

export interface Sheet {
  readonly title: string;
  /** Its first row names the columns. */
  readonly hasHeader: boolean;
  /** IANA name. */
  readonly timeZone: string;
}

/** The sheets that hold cells, as they are now. */
export async function sheetsOf(
  { client }: Pick<StreamContext, 'client'>,
  signal: AbortSignal,
): Promise<Sheet[]> {
  const fields = 'properties.timeZone,sheets.properties(title,sheetType,gridProperties.frozenRowCount)';
  const answer = await client.json({ url: '', query: { fields } }, signal);
  const timeZone = textAt(answer, ['properties', 'timeZone']);
  const sheets = resolvePointer(answer, ['sheets']);
  return (Array.isArray(sheets) ? sheets : []).flatMap((sheet) => {
    if (!['', 'GRID'].includes(textAt(sheet, ['properties', 'sheetType']))) return [];
    const frozen = resolvePointer(sheet, ['properties', 'gridProperties', 'frozenRowCount']);
    return [{ title: textAt(sheet, ['properties', 'title']), hasHeader: frozen === 1, timeZone }];
  });
}

function textAt(value: JsonValue, pointer: Pointer): string {
  const text = resolvePointer(value, pointer);
  return typeof text === 'string' ? text : '';
}
