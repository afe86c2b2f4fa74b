// Checks a config schema against the guidelines. Every connector's spec has to pass without a finding.

import { LINT_RULES, type LintRuleName, type NodeContext } from './lint-rules.ts';
import { childPointer, type SchemaNode } from './schema-node.ts';

export interface Lint {
  readonly rule: LintRuleName;
  /** Of the node in the schema. */
  readonly pointer: string;
  readonly message: string;
}

const RULES = Object.entries(LINT_RULES) as [LintRuleName, (typeof LINT_RULES)[LintRuleName]][];

/** The findings of every rule, in the order of the schema; [] for a schema that follows the guidelines. */
export function lintConfigSchema(schema: object): Lint[] {
  const findings: Lint[] = [];
  visit(schema, '', { role: 'root', name: '' }, findings);
  return findings;
}

function visit(node: SchemaNode, pointer: string, context: NodeContext, findings: Lint[]): void {
  for (const [rule, { check }] of RULES) {
    const message = check(node, context);
    if (message !== undefined) findings.push({ rule, pointer, message });
  }
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const isTag = context.role === 'branch' && child.const !== undefined;
    visit(
      child,
      childPointer(`${pointer}/properties`, name),
      { role: isTag ? 'tag' : 'property', name },
      findings,
    );
  }
  if (node.items !== undefined) visit(node.items, `${pointer}/items`, { role: 'item', name: '' }, findings);
  if (typeof node.additionalProperties === 'object') {
    visit(node.additionalProperties, `${pointer}/additionalProperties`, { role: 'item', name: '' }, findings);
  }
  const constants = node.discriminator === undefined;
  for (const [index, branch] of (node.oneOf ?? []).entries()) {
    if (constants && branch.properties === undefined) continue;
    visit(branch, `${pointer}/oneOf/${index}`, { role: 'branch', name: '' }, findings);
  }
}
