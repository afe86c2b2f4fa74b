// One file of a catalog, read and parsed, with the positions of its nodes. YAML and JSON are read by the same parser.

import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { errors } from '../errors.ts';
import type { Place, Problems } from './place.ts';

export class SourceFile {
  readonly url: string;
  /** What messages call it. */
  readonly name: string;
  readonly text: string;
  readonly document: Document.Parsed;
  readonly #lines: LineCounter;

  constructor(url: string, text: string, problems: Problems) {
    this.url = url;
    this.name = displayName(url);
    this.text = text;
    this.#lines = new LineCounter();
    this.document = parseDocument(text, {
      lineCounter: this.#lines,
      intAsBigInt: true,
      prettyErrors: false,
    });
    for (const error of this.document.errors) {
      const place = this.placeAt(error.pos[0]);
      const isDuplicate = error.code === 'DUPLICATE_KEY';
      problems.add(place, isDuplicate ? this.#duplicateKey(error.pos[0]) : error.message);
    }
  }

  /** What the parser does not say: which key it is, and where it stands first. */
  #duplicateKey(offset: number): string {
    let found = 'A key stands twice in one map.';
    visit(this.document, {
      Map: (_, map) => {
        const again = map.items.find(({ key }) => isScalar(key) && key.range?.[0] === offset)?.key;
        if (!isScalar(again)) return undefined;
        const first = map.items.find(({ key }) => isScalar(key) && key.value === again.value)?.key;
        const { line } = this.placeOf(first as Node);
        found = `The key ${JSON.stringify(again.value)} stands twice in this map, first in line ${line}.`;
        return visit.BREAK;
      },
    });
    return found;
  }

  placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.name, line: Math.max(1, line), column: Math.max(1, col) };
  }

  placeOf(node: Node | null | undefined): Place {
    return this.placeAt(node?.range?.[0] ?? 0);
  }
}

export function displayName(url: string): string {
  if (!url.startsWith('file:')) return url;
  const path = fileURLToPath(url);
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}

export function toUrl(location: string): string {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(location) ? location : pathToFileURL(location).href;
}

const remoteTimeoutMs = 15_000;

async function readUrl(url: string): Promise<string> {
  if (url.startsWith('file:')) return await readFile(fileURLToPath(url), 'utf8');
  const response = await fetch(url, { signal: AbortSignal.timeout(remoteTimeoutMs) });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return await response.text();
}

/** Reads each file once. Errors: CATALOG_UNREADABLE. */
export class SourceFiles {
  readonly #files = new Map<string, SourceFile>();
  readonly problems: Problems;

  constructor(problems: Problems) {
    this.problems = problems;
  }

  get all(): ReadonlyMap<string, SourceFile> {
    return this.#files;
  }

  async read(url: string): Promise<SourceFile> {
    const known = this.#files.get(url);
    if (known !== undefined) return known;
    let text: string;
    try {
      text = await readUrl(url);
    } catch (cause) {
      throw errors.CATALOG_UNREADABLE({
        message: `Cannot read ${displayName(url)}: ${explain(cause)}.`,
        cause,
      });
    }
    const file = new SourceFile(url, text, this.problems);
    this.#files.set(url, file);
    return file;
  }

  /** Like `read`, but a file that cannot be read is a problem at the place that names it. */
  async readNamed(reference: string, from: SourceFile, place: Place): Promise<SourceFile | undefined> {
    const url = new URL(reference, from.url);
    url.hash = '';
    try {
      return await this.read(url.href);
    } catch (error) {
      this.problems.add(place, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}

function explain(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'permission denied';
  return cause.message;
}
