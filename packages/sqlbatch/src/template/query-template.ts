// A query that a user wrote for a binding: text with `{{ … }}` in it, made into SQL before each poll.

import { Evaluation, type TemplateFunction, type TemplateRecord } from './evaluate.ts';
import { commonFunctions } from './functions.ts';
import { parseTemplate } from './parse.ts';

export interface TemplateInput {
  /** Names of cursor columns, quoted for the database. */
  readonly cursorFields: readonly string[];
  /** As in the resource, not quoted; empty when it has none. */
  readonly schemaName: string;
  readonly tableName: string;
}

export interface QueryTemplate {
  /** The SQL. `isFirstQuery` until rows have been captured, and always for a binding without a cursor. */
  render(isFirstQuery: boolean): string;
}

/**
 * `functions` are those of the database: quoteIdentifier, quoteTableName. The template is rendered once for the first
 * query and once for later ones, so that a mistake is found before anything is captured. Throws
 * SQLBATCH_TEMPLATE_INVALID.
 */
export function compileQueryTemplate(
  template: string,
  functions: Readonly<Record<string, TemplateFunction>>,
  input: TemplateInput,
): QueryTemplate {
  const all = new Map([...commonFunctions, ...Object.entries(functions)]);
  const nodes = parseTemplate(template, new Set(all.keys()));
  const render = (isFirstQuery: boolean): string => {
    const data: TemplateRecord = {
      IsFirstQuery: isFirstQuery,
      CursorFields: input.cursorFields,
      SchemaName: input.schemaName,
      TableName: input.tableName,
    };
    return new Evaluation(template, all, data).run(nodes, data);
  };
  const [first, next] = [render(true), render(false)];
  return { render: (isFirstQuery) => (isFirstQuery ? first : next) };
}
