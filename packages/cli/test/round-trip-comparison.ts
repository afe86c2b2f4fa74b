// Whether what was found is the value that it was: a text that, cast to the type of the source, prints as the value does.

import type { PostgresServer } from '@weir/testing';

/** Arrays come as JSON. A numeric is the same with more zeros at its end. */
const sameSql = `
  CREATE FUNCTION same(kind text, original text, other text) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    question text := 'SELECT $1::%s::text = $2::%1$s::text';
    result boolean;
  BEGIN
    IF kind LIKE '%[]' THEN
      other := (SELECT coalesce(array_agg(element ORDER BY place), '{}')
        FROM json_array_elements_text(other::json) WITH ORDINALITY AS _(element, place));
    ELSIF kind LIKE 'numeric%' THEN
      question := 'SELECT $1::%s = $2::%1$s';
    END IF;
    EXECUTE format(question, kind) INTO result USING original, other;
    RETURN result;
  EXCEPTION WHEN others THEN RETURN false;
  END $$`;

const isJson = (type: string): boolean => ['json', 'jsonb', 'payload'].includes(type);
const isArray = (type: string): boolean => type.endsWith('[]');
const hexOf = (base64: string): string => `\\x${Buffer.from(base64, 'base64').toString('hex')}`;

export class Comparison {
  readonly #source: PostgresServer;

  private constructor(source: PostgresServer) {
    this.#source = source;
  }

  static async create(source: PostgresServer): Promise<Comparison> {
    await source.query(sameSql);
    return new Comparison(source);
  }

  /** Whether the document has what the source has. */
  async isCaptured(type: string, original: string, found: string | null): Promise<boolean> {
    if (found === null) return false;
    if (isJson(type)) return compactJson(original) === compactJson(found);
    const text = type === 'bytea[]' ? JSON.stringify((JSON.parse(found) as string[]).map(hexOf)) : found;
    const [row] = await this.#source.query('SELECT same($1, $2, $3)', [type, original, text]);
    return row?.['same'] === 't';
  }

  /** Whether a column has what the document has. */
  async isKept(type: string, captured: string | null, found: string | null): Promise<boolean> {
    if (captured === found) return true;
    if (captured === null || found === null) return false;
    // A type that discovery has no schema for has a column of JSON.
    if (found === JSON.stringify(captured)) return true;
    if (isJson(type) || isArray(type)) return compactJson(captured) === compactJson(found);
    const [row] = await this.#source.query('SELECT same($1, $2, $3)', [type, captured, found]);
    return row?.['same'] === 't';
  }
}

/** A property of a document as a column of text would have it: strings without quotes, bytes in hexadecimal. */
export function documentText(type: string, json: string | undefined): string | null {
  if (json === undefined || json === 'null') return null;
  if (type === 'bytea') return hexOf(JSON.parse(json) as string);
  return json.startsWith('"') && !isJson(type) ? (JSON.parse(json) as string) : json;
}

const tokens = /"(?:[^"\\]|\\.)*"|[^"]/g;

/** JSON without the spaces between its tokens. */
function compactJson(text: string): string {
  return text.replaceAll(tokens, (token) => (/^\s$/.test(token) ? '' : token));
}

/** The JSON of each property of an object, byte for byte. */
export function rawProperties(document: string): Readonly<Record<string, string>> {
  const properties: Record<string, string> = {};
  let depth = 0;
  let name: string | undefined;
  let raw = '';
  for (const [token] of document.matchAll(tokens)) {
    if (token === '}' || token === ']') depth -= 1;
    if (depth === 1 && token === ':' && name === undefined) {
      name = JSON.parse(raw) as string;
      raw = '';
    } else if (name !== undefined && ((depth === 1 && token === ',') || depth === 0)) {
      properties[name] = raw;
      name = undefined;
      raw = '';
    } else if (depth > 0) raw += token;
    if (token === '{' || token === '[') depth += 1;
  }
  return properties;
}
