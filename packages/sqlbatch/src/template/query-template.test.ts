import * as fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { textArgument } from './functions.ts';
import { compileQueryTemplate } from './query-template.ts';

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const functions = {
  quoteIdentifier: (name: unknown) => quoted(textArgument(name as string)),
  quoteTableName: (schema: unknown, table: unknown) =>
    `${quoted(textArgument(schema as string))}.${quoted(textArgument(table as string))}`,
};
const input = {
  isFirstQuery: false,
  cursorFields: ['"a"', '"b"', '"c"'],
  schemaName: 'shop',
  tableName: 'or"ders',
};

function render(template: string, changes: Partial<typeof input> = {}): string {
  const all = { ...input, ...changes };
  return compileQueryTemplate(template, functions, all).render(all.isFirstQuery);
}

/** The shape of template that catalogs use for any number of cursor columns. */
const lexicographic = `{{- /* later rows only */ -}}
SELECT * FROM {{quoteTableName .SchemaName .TableName}}
{{- if not .IsFirstQuery}} WHERE
{{- range $i, $field := $.CursorFields}}
  {{- if ne $i 0}} OR{{end}} (
  {{- range $j, $previous := $.CursorFields}}
    {{- if lt $j $i}}{{$previous}} = \${{add $j 1}} AND {{end}}
  {{- end}}
  {{- $field}} > \${{add $i 1}})
{{- end}}
{{- end}} ORDER BY {{range $i, $f := .CursorFields}}{{if gt $i 0}}, {{end}}{{$f}}{{end}};`;

describe('a query template', () => {
  test('without braces is the query itself', () => {
    assert.equal(render("SELECT '}}' FROM t"), "SELECT '}}' FROM t");
  });

  test('knows the first query, the cursors, the schema and the table', () => {
    const template =
      '{{if .IsFirstQuery}}first{{else}}next{{end}} {{.SchemaName}} {{.TableName}} {{.CursorFields}} {{len .CursorFields}}';
    assert.equal(render(template), 'next shop or"ders ["a" "b" "c"] 3');
    assert.equal(render(template, { isFirstQuery: true }), 'first shop or"ders ["a" "b" "c"] 3');
  });

  test('nested ranges make a condition over any number of cursors', () => {
    assert.equal(
      render(lexicographic),
      'SELECT * FROM "shop"."or""ders" WHERE ("a" > $1) OR ("a" = $1 AND "b" > $2) OR ("a" = $1 AND "b" = $2 AND "c" > $3) ORDER BY "a", "b", "c";',
    );
    assert.equal(
      render(lexicographic, { isFirstQuery: true, cursorFields: ['"x"'] }),
      'SELECT * FROM "shop"."or""ders" ORDER BY "x";',
    );
  });

  test('a dash takes blanks and line ends away on its side, and only with a blank next to it', () => {
    assert.equal(render('a \n {{- .SchemaName -}} \n b'), 'ashopb');
    assert.equal(render('a {{.SchemaName -}} \n b'), 'a shopb');
    assert.equal(render('a {{- .SchemaName}} b'), 'ashop b');
    assert.equal(render('a {{- /* gone */ -}} b'), 'ab');
    assert.equal(render('a {{/* gone */}} b'), 'a  b');
    assert.equal(render('{{-3}}'), '-3');
  });

  test('if, else if, with, range … else, break and continue', () => {
    const chosen = '{{if eq .SchemaName "a"}}1{{else if eq .SchemaName "shop" "b"}}2{{else}}3{{end}}';
    assert.equal(render(chosen), '2');
    assert.equal(render(chosen, { schemaName: 'z' }), '3');
    assert.equal(render('{{with .SchemaName}}<{{.}}{{$.TableName}}>{{end}}', { tableName: 't' }), '<shopt>');
    assert.equal(render('{{with .TableName}}x{{else}}none{{end}}', { tableName: '' }), 'none');
    assert.equal(render('{{range .CursorFields}}{{.}}{{else}}none{{end}}', { cursorFields: [] }), 'none');
    assert.equal(
      render('{{range $i, $f := .CursorFields}}{{if eq $i 1}}{{break}}{{end}}{{$f}}{{end}}'),
      '"a"',
    );
    assert.equal(
      render('{{range $i, $f := .CursorFields}}{{if eq $i 1}}{{continue}}{{end}}{{$f}}{{end}}'),
      '"a""c"',
    );
  });

  test('variables live in their block and can be changed from inner ones', () => {
    assert.equal(render('{{$n := 0}}{{range .CursorFields}}{{$n = add $n 1}}{{end}}{{$n}}'), '3');
    assert.equal(render('{{$t := "x"}}{{if true}}{{$t := "y"}}{{$t}}{{end}}{{$t}}'), 'yx');
    assert.throws(() => render('{{if true}}{{$a := 1}}{{end}}{{$a}}'), /no variable \$a/);
  });

  test('pipelines hand a value on as the last argument, groups are arguments', () => {
    assert.equal(render('{{.TableName | quoteTableName .SchemaName}}'), '"shop"."or""ders"');
    assert.equal(render('{{add (len .CursorFields) 1}}'), '4');
    assert.equal(render('{{if and (not .IsFirstQuery) (gt (len .CursorFields) 2)}}yes{{end}}'), 'yes');
    assert.equal(render('{{or .IsFirstQuery "later"}}'), 'later');
    assert.equal(render('{{index .CursorFields 2}}'), '"c"');
    assert.equal(render(String.raw`{{quoteIdentifier "a\"b"}}{{${'`raw\\n`'}}}`), String.raw`"a""b"raw\n`);
  });

  test('what templates here do not have is refused by name, with its place', () => {
    const cases: [string, RegExp][] = [
      ['SELECT\n  {{printf "%d" 1}}', /line 2, column 5.*no function printf; there are eq, ne/],
      ['{{define "x"}}{{end}}', /\{\{define\}\} is not supported/],
      ['{{template "x"}}', /\{\{template\}\} is not supported/],
      ['{{.Cursor}}', /no field \.Cursor; there are \.IsFirstQuery, \.CursorFields/],
      ['{{.SchemaName.Length}}', /\.Length is asked of something without fields/],
      ['{{if .IsFirstQuery}}', /line 1, column 1: this \{\{if\}\} has no \{\{end\}\}/],
      ['{{end}}', /\{\{end\}\} belongs to nothing/],
      ['{{if true}}{{else}}{{else}}{{end}}', /a second \{\{else\}\}/],
      ['{{.SchemaName', /never closed by \}\}/],
      ['{{(.SchemaName}}', /this \( is never closed/],
      ['{{.SchemaName .TableName}}', /only a function takes arguments/],
      ['{{.SchemaName | .TableName}}', /what follows \| must be a function/],
      ['{{}}', /a value is missing/],
      ['{{break}}', /\{\{break\}\} outside of a range/],
      ['{{lt 1 "a"}}', /lt: a number and a string cannot be compared/],
      ['{{lt 1}}', /lt: it takes 2 arguments, not 1/],
      ['{{range .SchemaName}}{{end}}', /range needs a list/],
      ['{{quoteIdentifier 5}}', /quoteIdentifier: its arguments are texts/],
      ['{{nil}}', /nil is not supported/],
      ['{{1 # 2}}', /"# 2\}\}" is not understood/],
      ['{{$a, $b := .CursorFields}}', /only \{\{range\}\} sets two variables/],
      ['{{if .IsFirstQuery}}{{else}}{{.Typo}}{{end}}', /\.Typo/],
    ];
    for (const [template, message] of cases) {
      assert.throws(
        () => compileQueryTemplate(template, functions, input),
        { code: 'SQLBATCH_TEMPLATE_INVALID', message },
        template,
      );
    }
  });

  test('any text either renders or is refused with a code, and names never leave their quotes', () => {
    const bits = fc.constantFrom(
      '{{',
      '}}',
      '-',
      ' ',
      'if',
      'end',
      '.',
      '$',
      '"',
      '(',
      '|',
      'range',
      '\n',
      'x',
      '`',
    );
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 14 }), (parts) => {
        try {
          render(parts.join(''));
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'SQLBATCH_TEMPLATE_INVALID');
        }
      }),
    );
    fc.assert(
      fc.property(fc.string(), (tableName) => {
        assert.equal(render('{{quoteIdentifier .TableName}}', { tableName }), quoted(tableName));
      }),
    );
  });
});
