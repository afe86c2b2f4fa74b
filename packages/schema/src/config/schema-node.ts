// The JSON Schema keywords that configurations use, as a reader of a schema sees them.

import { escapeToken } from '../json/index.ts';
import type { FILLED, UNPUBLISHED } from './section.ts';

export interface SchemaNode {
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly order?: number;
  readonly secret?: boolean;
  readonly airbyte_secret?: boolean;
  readonly nonsensitive?: boolean;
  readonly advanced?: boolean;
  readonly multiline?: boolean;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly discriminator?: { readonly propertyName?: string };
  readonly [FILLED]?: true;
  readonly [UNPUBLISHED]?: Readonly<Record<string, SchemaNode>>;
}

/** The types a node allows; [] when it does not say. */
export function typesOf(node: SchemaNode): readonly string[] {
  if (node.type === undefined) return [];
  return typeof node.type === 'string' ? [node.type] : node.type;
}

export function isSecret(node: SchemaNode): boolean {
  return node.secret === true || node.airbyte_secret === true;
}

/** The JSON pointer of a property or item below a location. */
export function childPointer(parent: string, token: string | number): string {
  return `${parent}/${escapeToken(String(token))}`;
}
