// Changes YAML documents in place: what stays equal keeps its comments, quotes and order, so that a file that a person
// wrote stays theirs.

import { isMap, isScalar, isSeq, parseDocument, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { JsonText } from '@weir/protocol';
import { canonicalJson, parseJson } from '@weir/schema';
import { Problems } from '../catalog/place.ts';
import type { SourceFile } from '../catalog/source-file.ts';
import { jsonText, resolveAlias } from '../catalog/yaml-json.ts';

/** Lists of plain values up to this width are written on one line. */
const oneLineWidth = 60;

function relax(node: unknown): void {
  if (isScalar(node)) {
    if (typeof node.value === 'string') delete node.type;
    return;
  }
  if (isSeq(node)) {
    node.flow = node.items.length === 0;
    const texts = node.items.map((item) => (isScalar(item) ? String(item.value) : undefined));
    if (texts.every((text) => text !== undefined) && texts.join(', ').length <= oneLineWidth)
      node.flow = true;
    for (const item of node.items) relax(item);
  }
  if (isMap(node)) {
    node.flow = node.items.length === 0;
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      relax(pair.key);
      relax(pair.value);
    }
  }
}

/** A node in block style from JSON text, numerals as they are written. */
export function nodeFromJson(text: JsonText): Node {
  const node = parseDocument(text, { intAsBigInt: true }).contents;
  if (node === null) return new Scalar(null);
  relax(node);
  clearRanges(node);
  return node;
}

/** Positions belong to the text the node was parsed from, and anchors of empty lines with them. */
function clearRanges(node: unknown): void {
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return;
  delete node.range;
  delete node.spaceBefore;
  if (isScalar(node)) return;
  for (const item of node.items as unknown[]) {
    if (typeof item === 'object' && item !== null && 'key' in item && 'value' in item) {
      clearRanges(item.key);
      clearRanges(item.value);
    } else clearRanges(item);
  }
}

export function nodeToJson(node: Node | null, file: SourceFile): JsonText {
  return jsonText(node, { file, problems: new Problems() });
}

export function sameJson(left: JsonText, right: JsonText): boolean {
  return canonicalJson(parseJson(left)) === canonicalJson(parseJson(right));
}

/** Makes `node` mean what `wanted` means and gives the node to put in its place: itself wherever that is possible. */
export function updateNode(node: Node | null, wanted: Node, file: SourceFile): Node {
  const current = resolveAlias(node, file.document);
  if (current !== null && sameJson(nodeToJson(current, file), nodeToJson(wanted, file)))
    return node ?? current;
  if (isMap(current) && isMap(wanted)) {
    const items = wanted.items as Pair<Node, Node | null>[];
    const keys = new Set(items.map((pair) => keyText(pair.key)));
    for (const pair of items) {
      const key = keyText(pair.key);
      const found = (current.items as Pair<Node, Node | null>[]).find((item) => keyText(item.key) === key);
      if (found === undefined) current.items.push(pair);
      else if (pair.value !== null) found.value = updateNode(found.value, pair.value, file);
    }
    current.items = current.items.filter((item) => keys.has(keyText(item.key)));
    if (current.items.length > 0 && node === current && current.flow === true) current.flow = false;
    return current;
  }
  if (isSeq(current) && isSeq(wanted) && current.items.length === wanted.items.length) {
    current.items = current.items.map((item, index) =>
      updateNode(item as Node | null, wanted.items[index] as Node, file),
    );
    return current;
  }
  if (current !== null && current.comment !== undefined) wanted.comment = current.comment;
  if (current !== null && current.commentBefore !== undefined) wanted.commentBefore = current.commentBefore;
  return wanted;
}

export function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

/** The map at `key` of `owner`, made when it is absent. */
export function childMap(owner: YAMLMap, key: string, document: Document): YAMLMap {
  const child = resolveAlias(owner.get(key, true), document);
  if (isMap(child)) {
    if (child.items.length === 0) child.flow = false;
    return child;
  }
  const made = new YAMLMap();
  owner.set(owner.items.find((pair) => keyText(pair.key) === key)?.key ?? new Scalar(key), made);
  return made;
}

export function childSeq(owner: YAMLMap, key: string, document: Document): YAMLSeq {
  const child = resolveAlias(owner.get(key, true), document);
  if (isSeq(child)) {
    if (child.items.length === 0) child.flow = false;
    return child;
  }
  const made = new YAMLSeq();
  owner.set(owner.items.find((pair) => keyText(pair.key) === key)?.key ?? new Scalar(key), made);
  return made;
}

/** `JSON.rawJSON` keeps a numeral as it is written; the type library does not know it yet. */
const exactNumeral = (text: string): unknown =>
  (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(text);

function plainJson(text: JsonText): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? exactNumeral(context.source)
      : value,
  );
}

/** The text of a changed document in the manner of its original: JSON stays JSON, indents and padding are kept. */
export function printDocument(document: Document, file: SourceFile): string {
  if (file.url.endsWith('.json')) {
    return `${JSON.stringify(plainJson(nodeToJson(document.contents, file)), undefined, 2)}\n`;
  }
  const indentSeq = !/^( *)[^\s#-][^\n]*:[ \t]*\n(?:\s*#[^\n]*\n)*\1- /m.test(file.text);
  const indent = /^( +)\S/m.exec(file.text.replaceAll(/^ *-.*$/gm, ''))?.[1]?.length ?? 2;
  const padded = !/[{[][^\s{}[\]]/.test(file.text.replaceAll(/"[^"\n]*"|'[^'\n]*'|#.*$/gm, ''));
  return document.toString({
    lineWidth: 0,
    indent: indent >= 2 && indent <= 8 ? indent : 2,
    indentSeq,
    flowCollectionPadding: padded,
  });
}

/** The text of a new file that holds one value. */
export function printJsonAsYaml(text: JsonText): string {
  const document = parseDocument('');
  document.contents = nodeFromJson(text) as typeof document.contents;
  return document.toString({ lineWidth: 0 });
}
