// One schema text out of a schema and everything in other files that it refers to. Each referenced place becomes a member
// of the root's `$defs` and each `$ref` to it a local pointer; `flow://` and metaschema references are left alone.

import { basename } from 'node:path';
import { isMap, isScalar, isSeq } from 'yaml';
import type { Node } from 'yaml';
import type { Place } from './place.ts';
import type { Reader } from './reader.ts';
import type { SourceFile, SourceFiles } from './source-file.ts';
import { jsonText, membersOf, resolveAlias } from './yaml-json.ts';

interface Unit {
  readonly key: string;
  readonly reference: string;
  readonly from: SourceFile;
  readonly place: Place;
}

function isExternal(reference: string): boolean {
  return !/^(flow:|https?:\/\/json-schema\.org\/)/.test(reference);
}

function fragmentOf(url: URL): string {
  try {
    return decodeURIComponent(url.hash.slice(1));
  } catch {
    return url.hash.slice(1);
  }
}

function findAnchor(node: Node | null, anchor: string, file: SourceFile): Node | null {
  if (isSeq(node)) {
    for (const item of node.items) {
      const found = findAnchor(resolveAlias(item, file.document), anchor, file);
      if (found !== null) return found;
    }
    return null;
  }
  if (node === null || !isMap(node)) return null;
  const members = membersOf(node, file.document);
  if (members.some(({ key, value }) => key === '$anchor' && isScalar(value) && value.value === anchor))
    return node;
  for (const { value } of members) {
    const found = findAnchor(value, anchor, file);
    if (found !== null) return found;
  }
  return null;
}

/** The node at a fragment: '' is the whole file, `/a/b` a JSON pointer, anything else an `$anchor`. */
function locate(file: SourceFile, fragment: string): Node | null {
  let node = resolveAlias(file.document.contents, file.document);
  if (fragment === '') return node;
  if (!fragment.startsWith('/')) return findAnchor(node, fragment, file);
  for (const token of fragment.slice(1).split('/')) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (isSeq(node)) node = resolveAlias(node.items[Number(key)], file.document);
    else if (node !== null)
      node = membersOf(node, file.document).find((member) => member.key === key)?.value ?? null;
  }
  return node;
}

/** The schema of a collection: inline, or a path (with an optional fragment) relative to the file. Undefined after a problem. */
export async function bundleSchema(reader: Reader, files: SourceFiles): Promise<string | undefined> {
  const { problems } = reader;
  const keys = new Map<string, string>();
  const pending: Unit[] = [];
  const taken = new Set<string>();

  let file = reader.file;
  let root = reader.node;
  let rootUrl = '';
  if (isScalar(root) && typeof root.value === 'string') {
    const url = new URL(root.value, file.url);
    const named = await files.readNamed(root.value, file, reader.place);
    if (named === undefined) return undefined;
    file = named;
    root = locate(named, fragmentOf(url));
    if (root === null) return reader.fail(`${named.name} has nothing at "${fragmentOf(url)}".`);
    if (fragmentOf(url) === '') rootUrl = named.url;
  }
  if (root === null || !isMap(root))
    return reader.fail(`${reader.what} has to be a JSON schema or a path to one.`);
  for (const { key, value } of membersOf(root, file.document)) {
    if (key === '$defs' && value !== null)
      for (const def of membersOf(value, file.document)) taken.add(def.key);
  }

  const keyFor = (url: URL): string => {
    const fragment = fragmentOf(url);
    const last = fragment.slice(fragment.lastIndexOf('/') + 1);
    const stem = basename(url.pathname).replace(/(\.schema)?\.(ya?ml|json)$/, '');
    const wanted = [stem, last]
      .filter((part) => part !== '')
      .join('.')
      .replaceAll(/[^\w.-]/g, '-');
    let key = wanted;
    for (let n = 2; taken.has(key); n++) key = `${wanted}-${n}`;
    taken.add(key);
    return key;
  };

  /** `inRoot`: the text is part of the root's own resource, where `#…` already points to the right place. */
  const write = (node: Node | null, from: SourceFile, inRoot: boolean): string => {
    const reference = (text: string, at: Node): string => {
      if (!isExternal(text) || (inRoot && text.startsWith('#'))) return text;
      const url = new URL(text, from.url);
      const document = url.href.slice(0, url.href.length - url.hash.length);
      if (document === rootUrl) return url.hash === '' ? '#' : url.hash;
      let key = keys.get(url.href);
      if (key === undefined) {
        key = keyFor(url);
        keys.set(url.href, key);
        pending.push({ key, reference: text, from, place: from.placeOf(at) });
      }
      return `#/$defs/${key}`;
    };
    return jsonText(node, { file: from, problems, reference });
  };

  const fromRootFile = rootUrl !== '' || file === reader.file;
  const members = membersOf(root, file.document).map(({ key, value }): [string, string] => [
    key,
    key === '$ref' ? jsonMember(write, root, file, fromRootFile) : write(value, file, fromRootFile),
  ]);
  const definitions: string[] = [];
  for (let unit = pending.shift(); unit !== undefined; unit = pending.shift()) {
    const url = new URL(unit.reference, unit.from.url);
    const target = await files.readNamed(unit.reference, unit.from, unit.place);
    if (target === undefined) continue;
    const node = locate(target, fragmentOf(url));
    if (node === null) {
      problems.add(unit.place, `${target.name} has nothing at "${fragmentOf(url)}".`);
      continue;
    }
    definitions.push(`${JSON.stringify(unit.key)}:${write(node, target, false)}`);
  }
  return assemble(members, definitions);
}

/** The root's own `$ref` goes through the writer of its map, which rewrites references. */
function jsonMember(
  write: (node: Node | null, from: SourceFile, inRoot: boolean) => string,
  root: Node,
  file: SourceFile,
  inRoot: boolean,
): string {
  const whole = JSON.parse(write(root, file, inRoot)) as { $ref: string };
  return JSON.stringify(whole.$ref);
}

function assemble(members: [string, string][], definitions: readonly string[]): string {
  if (definitions.length > 0) {
    const own = members.find(([key]) => key === '$defs');
    if (own === undefined) members.push(['$defs', `{${definitions.join(',')}}`]);
    else
      own[1] =
        own[1] === '{}' ? `{${definitions.join(',')}}` : `${own[1].slice(0, -1)},${definitions.join(',')}}`;
  }
  return `{${members.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}
