// Writes a YAML node as the text of one JSON value. Numerals keep their digits and maps keep their order, because an
// encrypted config's signature depends on the order and a schema's bounds on the digits.

import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { SourceFile } from './source-file.ts';
import type { Problems } from './place.ts';

export interface JsonWriter {
  readonly file: SourceFile;
  readonly problems: Problems;
  /** May replace the text of a `$ref`. */
  readonly reference?: (text: string, node: Node) => string;
}

const jsonNumeral = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const literalKeywords = new Set(['const', 'enum', 'default', 'examples']);

export function resolveAlias(node: unknown, document: Document): Node | null {
  let current = node as Node | null | undefined;
  while (isAlias(current)) current = current.resolve(document);
  return current ?? null;
}

/** The key as text, and the value with aliases resolved; the members of a merge key (`<<`) come first and yield to others. */
export function membersOf(
  node: Node,
  document: Document,
): { key: string; keyNode: Node; value: Node | null }[] {
  if (!isMap(node)) return [];
  const members = new Map<string, { key: string; keyNode: Node; value: Node | null }>();
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    const value = resolveAlias(pair.value, document);
    const key = isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : String(pair.key);
    if (key === '<<' && value !== null) {
      const sources = isSeq(value) ? value.items.map((item) => resolveAlias(item, document)) : [value];
      for (const source of sources) {
        if (source === null) continue;
        for (const member of membersOf(source, document)) {
          if (!members.has(member.key)) members.set(member.key, member);
        }
      }
    } else {
      members.set(key, { key, keyNode: pair.key, value });
    }
  }
  return [...members.values()];
}

function scalarText(node: Node, writer: JsonWriter): string {
  if (!isScalar(node)) return 'null';
  const { value } = node;
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'bigint') {
    const source = node.source?.trim() ?? '';
    if (jsonNumeral.test(source)) return source;
    if (typeof value === 'bigint' || Number.isFinite(value)) return String(value);
    writer.problems.add(writer.file.placeOf(node), `${source} is not a number that JSON can hold.`);
    return 'null';
  }
  if (value instanceof Date) return JSON.stringify(node.source ?? value.toISOString());
  writer.problems.add(writer.file.placeOf(node), 'This value has no JSON form.');
  return 'null';
}

export function jsonText(input: Node | null, writer: JsonWriter): string {
  const { document } = writer.file;
  const node = resolveAlias(input, document);
  if (node === null) return 'null';
  if (isSeq(node)) return `[${node.items.map((item) => jsonText(item as Node | null, writer)).join(',')}]`;
  if (!isMap(node)) return scalarText(node, writer);
  const members = membersOf(node, document).map(({ key, value }) => {
    const { reference, ...plain } = writer;
    if (reference !== undefined && key === '$ref' && isScalar(value) && typeof value.value === 'string') {
      return `"$ref":${JSON.stringify(reference(value.value, value))}`;
    }
    return `${JSON.stringify(key)}:${jsonText(value, literalKeywords.has(key) ? plain : writer)}`;
  });
  return `{${members.join(',')}}`;
}
