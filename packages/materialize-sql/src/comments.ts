// What the comments of tables and columns say. They hold titles and descriptions that anybody may have written into a
// schema, so they go into statements as quoted literals only.

import type { Projection } from '@weir/protocol';

export function tableComment(task: string, collection: string): string {
  return `Generated for materialization ${task} of collection ${collection}`;
}

export function columnComment({ explicit, ptr, inference }: Projection): string {
  const { title, description, types } = inference;
  const origin = explicit ? 'user-provided' : 'auto-generated';
  const place = ptr === '' ? '<root>' : ptr;
  const source = `${origin} projection of JSON at: ${place} with inferred types: [${types.join(' ')}]`;
  return [title, description, source].filter((line) => line !== '').join('\n');
}
