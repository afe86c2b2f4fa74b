// What a spreadsheet holds: its sheets, and what is to be known of them to read their rows.

import type { StreamContext } from '@weir/cdk';
import { getProperty, isJsonObject, type JsonValue } from '@weir/schema/json';

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
  const timeZone = textOf(member(member(answer, 'properties'), 'timeZone'));
  const sheets = member(answer, 'sheets');
  return (Array.isArray(sheets) ? sheets : []).flatMap((each) => {
    const properties = member(each, 'properties');
    const type = textOf(member(properties, 'sheetType'));
    if (type !== '' && type !== 'GRID') return [];
    const frozen = member(member(properties, 'gridProperties'), 'frozenRowCount');
    return [{ title: textOf(member(properties, 'title')), hasHeader: frozen === 1, timeZone }];
  });
}

/** undefined where there is no such member, or no object. */
export function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) ? getProperty(value, name) : undefined;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
