// Whether the reports of a test file's process are all there: it counts its tests itself, and tells the count last. The
// runner does not compare: to it a file that ends with status 0 in the middle of its tests, or has none, has passed.

import { resolve } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

interface FileState {
  readonly path: string;
  reported: number;
  /** By its own account, once it has given one. */
  counted: number | undefined;
  hasFailed: boolean;
  seconds: number;
}

export interface FileTime {
  readonly path: string;
  readonly seconds: number;
}

export class FileReports {
  readonly #files = new Map<string, FileState>();

  /** Takes note of an event. True if it is about the file as a whole, which is not a test. */
  take(event: TestEvent): boolean {
    if (event.type === 'test:enqueue' && isFile(event.data)) {
      const path = event.data.name;
      this.#files.set(resolve(path), { path, reported: 0, counted: undefined, hasFailed: false, seconds: 0 });
      return true;
    }
    if (event.type === 'test:summary') {
      const state = this.#files.get(event.data.file ?? '');
      if (state !== undefined) {
        state.counted = event.data.counts.tests;
        state.seconds = event.data.duration_ms / 1000;
      }
      return true;
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') return false;
    // Not `file`: a test may be defined in a module that several test files share.
    const { entryFile } = event.data as { readonly entryFile?: string };
    const state = this.#files.get(entryFile ?? event.data.file ?? '');
    if (state === undefined) return false;
    if (entryFile === undefined && isFile(event.data)) {
      if (event.type === 'test:fail') state.hasFailed = true;
      return true;
    }
    if (event.data.details.type !== 'suite') state.reported += 1;
    return false;
  }

  /** The files that took longest, of those that took longer than `seconds`. */
  slowest(most: number, seconds: number): readonly FileTime[] {
    return [...this.#files.values()]
      .filter((file) => file.seconds > seconds)
      .sort((a, b) => b.seconds - a.seconds)
      .slice(0, most);
  }

  /** A sentence for each file that has not told of all its tests, and whose process did not fail. */
  *incomplete(): Generator<string> {
    for (const { path, reported, counted, hasFailed } of this.#files.values()) {
      if (hasFailed) continue;
      if (counted === undefined) {
        yield `${path}: no test in it, or its process ended before its tests did; ${reported} reported`;
      } else if (counted !== reported) {
        yield `${path}: ${counted} tests by its own count, ${reported} reported`;
      }
    }
  }
}

function isFile({ name, file }: { readonly name: string; readonly file?: string | undefined }): boolean {
  return file !== undefined && resolve(name) === file;
}
