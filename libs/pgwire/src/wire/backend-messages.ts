// What a server sends, parsed from the bytes of one message body. Grammar: PostgreSQL manual, "Message Formats".

import type { PgServerMessage } from '../pg-errors.ts';

/** Type bytes of backend messages. */
export const backend = {
  authentication: 0x52, // R
  backendKeyData: 0x4b, // K
  bindComplete: 0x32, // 2
  commandComplete: 0x43, // C
  copyBothResponse: 0x57, // W
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyInResponse: 0x47, // G
  copyOutResponse: 0x48, // H
  dataRow: 0x44, // D
  emptyQueryResponse: 0x49, // I
  errorResponse: 0x45, // E
  negotiateProtocolVersion: 0x76, // v
  noData: 0x6e, // n
  noticeResponse: 0x4e, // N
  notificationResponse: 0x41, // A
  parameterStatus: 0x53, // S
  parseComplete: 0x31, // 1
  readyForQuery: 0x5a, // Z
  rowDescription: 0x54, // T
} as const;

export interface PgColumn {
  readonly name: string;
  readonly typeOid: number;
  /** Negative when the type has no modifier. */
  readonly typeModifier: number;
  /** The table the column comes from, or 0. */
  readonly tableOid: number;
  /** The attribute number in that table, or 0. */
  readonly attributeNumber: number;
}

/** Reads NUL-terminated strings and integers one after the other. */
export class BodyReader {
  readonly bytes: Buffer;
  offset: number;
  readonly end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  cstring(): string {
    const stop = this.bytes.indexOf(0, this.offset);
    const text = this.bytes.toString('utf8', this.offset, stop);
    this.offset = stop + 1;
    return text;
  }

  byte(): number {
    return this.bytes[this.offset++] ?? 0;
  }

  int16(): number {
    this.offset += 2;
    return this.bytes.readInt16BE(this.offset - 2);
  }

  int32(): number {
    this.offset += 4;
    return this.bytes.readInt32BE(this.offset - 4);
  }

  uint32(): number {
    this.offset += 4;
    return this.bytes.readUInt32BE(this.offset - 4);
  }

  rest(): Buffer {
    return Buffer.from(this.bytes.subarray(this.offset, this.end));
  }
}

const fieldNames = {
  D: 'detail',
  H: 'hint',
  W: 'where',
  s: 'schema',
  t: 'table',
  c: 'column',
  n: 'constraint',
  R: 'routine',
} as const;

function isFieldLetter(letter: string): letter is keyof typeof fieldNames {
  return Object.hasOwn(fieldNames, letter);
}

/** ErrorResponse and NoticeResponse: `Byte1 field code, String value` pairs, closed by a zero byte. */
export function parseServerMessage(body: BodyReader): PgServerMessage {
  let severity = '';
  let severityUntranslated = '';
  let sqlstate = '';
  let message = '';
  let position: number | undefined;
  const others: Partial<Record<(typeof fieldNames)[keyof typeof fieldNames], string>> = {};
  while (body.offset < body.end) {
    const code = body.byte();
    if (code === 0) break;
    const letter = String.fromCharCode(code);
    const value = body.cstring();
    if (letter === 'S') severity = value;
    else if (letter === 'V') severityUntranslated = value;
    else if (letter === 'C') sqlstate = value;
    else if (letter === 'M') message = value;
    else if (letter === 'P') position = Number(value);
    else if (isFieldLetter(letter)) others[fieldNames[letter]] = value;
  }
  return {
    severity: severityUntranslated === '' ? severity : severityUntranslated,
    sqlstate,
    message,
    ...(position === undefined ? {} : { position }),
    ...others,
  };
}

/** RowDescription: `Int16 n`, then per column `String name, Int32 table, Int16 attribute, Int32 type, Int16 size, Int32 modifier, Int16 format`. */
export function parseRowDescription(body: BodyReader): PgColumn[] {
  const columns: PgColumn[] = [];
  for (let remaining = body.int16(); remaining > 0; remaining -= 1) {
    const name = body.cstring();
    const tableOid = body.uint32();
    const attributeNumber = body.int16();
    const typeOid = body.uint32();
    body.int16();
    const typeModifier = body.int32();
    body.int16();
    columns.push({ name, typeOid, typeModifier, tableOid, attributeNumber });
  }
  return columns;
}

/** DataRow: `Int16 n`, then per column `Int32 length or -1, bytes`. */
export function parseDataRow(body: BodyReader): (string | null)[] {
  const row: (string | null)[] = [];
  for (let remaining = body.int16(); remaining > 0; remaining -= 1) {
    const length = body.int32();
    if (length < 0) {
      row.push(null);
      continue;
    }
    row.push(body.bytes.toString('utf8', body.offset, body.offset + length));
    body.offset += length;
  }
  return row;
}
