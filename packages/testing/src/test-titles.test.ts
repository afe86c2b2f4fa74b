import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTitles } from './test-titles.ts';

// A constant of another name, so that what it holds is no title of this file: call('…').
const call = 'test';

test('titles are the first strings of calls, in any quotes; comments and other strings are none', () => {
  const source = [
    `${call}('a plain one', () => {});`,
    `${call}(\n  \`one of \${runs} kills\`,\n  { skip: true },`,
    `  ${call}("it's quoted", () => {});`,
    `${call}('an \\'escaped\\' one', () => {});`,
    `// 'a comment'`,
    `const name = 'a string'; assert.${call}ed('no title'); context.${call}('a nested one', run);`,
  ];
  assert.deepEqual(testTitles(source.join('\n')), [
    'a plain one',
    'one of ${runs} kills',
    "it's quoted",
    "an 'escaped' one",
    'a nested one',
  ]);
});
