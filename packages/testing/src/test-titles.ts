// The titles of the tests in a source file, for lists that name tests: a comment or another string is no test. What a template
// inserts stays as it is written.

const title = /\btest\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;

export function testTitles(source: string): readonly string[] {
  return [...source.matchAll(title)].map(([, ...quoted]) => quoted.join('').replaceAll(/\\(.)/g, '$1'));
}
