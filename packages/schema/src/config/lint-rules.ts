// The guidelines for config schemas, one rule each. A rule looks at one node of the schema and says what is wrong with
// it, or nothing. Flow's user interface, its encryption of secrets and its OAuth flow rely on them.

import { isSecret, type SchemaNode, typesOf } from './schema-node.ts';

/** root: the whole schema; property: of an object; tag: the discriminator of a branch; branch: of a oneOf; item: of an array or dictionary. */
export type NodeRole = 'root' | 'property' | 'tag' | 'branch' | 'item';

export interface NodeContext {
  readonly role: NodeRole;
  /** The property's name; '' for other roles. */
  readonly name: string;
}

export interface LintRule {
  readonly summary: string;
  readonly check: (node: SchemaNode, context: NodeContext) => string | undefined;
}

const SMALL_WORDS = new Set(
  'a an and as at but by dbt for from if in into of off on or per the to vs via with'.split(' '),
);
const SECRET_NAME =
  /pass(word|wd|phrase)|secret|token|credentials_?json|(api|access|private|signing|encryption|account|shared)_?key/iu;
const NOT_SECRET_NAME = /(_id|Id|_uri|_url|Uri|Url|_type|_name|Name|_expires?(_in)?|_length|_path)$/u;
const MULTILINE_NAME = /(private_?key|credentials_?json|certificate|_cert|sslrootcert|pem)$/iu;
const HTML = /<\/?[a-z][^>]*>|&[a-z]+;/iu;

function described({ role }: NodeContext, node: SchemaNode): boolean {
  return role === 'property' && !('x-hidden-field' in node);
}

function titleCase(title: string): boolean {
  const words = title.split(/[\s/]+/u).filter((word) => word !== '');
  return words.every((word, index) => {
    const letters = word.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
    if (letters === '' || /[\p{Lu}\p{N}]/u.test(letters)) return true;
    return index > 0 && SMALL_WORDS.has(letters);
  });
}

function isObjectNode(node: SchemaNode): boolean {
  return typesOf(node).includes('object') || node.properties !== undefined;
}

function matchesType(value: unknown, types: readonly string[]): boolean {
  return types.some((type) => {
    if (type === 'null') return value === null;
    if (type === 'array') return Array.isArray(value);
    if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
    if (type === 'integer') return Number.isInteger(value);
    return typeof value === type;
  });
}

/** A oneOf of constants is a described enum, not a choice between variants. */
function isDescribedEnum(node: SchemaNode): boolean {
  return (
    node.oneOf !== undefined && node.oneOf.every((each) => 'const' in each && each.properties === undefined)
  );
}

function tagsOf(node: SchemaNode): readonly (SchemaNode | undefined)[] {
  const name = node.discriminator?.propertyName ?? '';
  return (node.oneOf ?? []).map((branch) => branch.properties?.[name]);
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

const COMBINATORS = ['allOf', 'anyOf', 'not', 'if', '$ref', '$dynamicRef', 'patternProperties'];

export const LINT_RULES = {
  'root-object': {
    summary: 'The root is of type object and has properties.',
    check: (node, { role }) =>
      role === 'root' && (node.type !== 'object' || node.properties === undefined)
        ? 'the root must be {type: object, properties: …}'
        : undefined,
  },
  'root-open': {
    summary:
      'The root allows additional properties, because an encrypted configuration carries a `sops` stanza.',
    check: (node, { role }) =>
      role === 'root' && node.additionalProperties !== undefined && node.additionalProperties !== true
        ? 'the root must not restrict additionalProperties'
        : undefined,
  },
  'object-closed': {
    summary: 'Every object below the root says what else it may hold: nothing, or values of one schema.',
    check: (node, { role }) => {
      if (role === 'root' || node.oneOf !== undefined || !isObjectNode(node)) return undefined;
      const extra = node.additionalProperties;
      return extra === false || typeof extra === 'object' ? undefined : 'needs additionalProperties: false';
    },
  },
  'title-present': {
    summary: 'The root, every property and every branch of a oneOf has a title.',
    check: (node, context) => {
      const expected = context.role === 'root' || context.role === 'branch' || described(context, node);
      return expected && !node.title ? 'has no title' : undefined;
    },
  },
  'title-case': {
    summary: 'Titles are written in Title Case.',
    check: (node) =>
      node.title && !titleCase(node.title)
        ? `title ${JSON.stringify(node.title)} is not in Title Case`
        : undefined,
  },
  'description-present': {
    summary: 'Every property has a description.',
    check: (node, context) =>
      described(context, node) && !node.description ? 'has no description' : undefined,
  },
  'description-sentence': {
    summary: 'A description is made of sentences: it starts with a capital and ends in a period.',
    check: (node) => {
      if (!node.description) return undefined;
      const whole = /^[\p{Lu}\p{N}"'`([]/u.test(node.description) && /[.!?)][`"']?$/u.test(node.description);
      return whole && !node.description.endsWith('..')
        ? undefined
        : 'the description is no sentence ending in a period';
    },
  },
  'no-html': {
    summary: 'Titles and descriptions hold no HTML.',
    check: (node) =>
      HTML.test(node.title ?? '') || HTML.test(node.description ?? '')
        ? 'the title or description holds HTML'
        : undefined,
  },
  'order-valid': {
    summary: 'The `order` of properties is a whole number from 0, and no two siblings share one.',
    check: (node) => {
      const orders = Object.values(node.properties ?? {}).flatMap((each) => each.order ?? []);
      if (orders.some((order) => !Number.isInteger(order) || order < 0))
        return 'an order is not a whole number from 0';
      return new Set(orders).size < orders.length ? 'two properties have the same order' : undefined;
    },
  },
  'order-present': {
    summary: 'Required properties of the root have an order, so that a form asks for them first.',
    check: (node, { role }) => {
      if (role !== 'root') return undefined;
      const missing = (node.required ?? []).filter((name) => node.properties?.[name]?.order === undefined);
      return missing.length > 0 ? `no order on required ${missing.join(', ')}` : undefined;
    },
  },
  'required-declared': {
    summary: 'Every required property is declared.',
    check: (node) => {
      const unknown = (node.required ?? []).filter((name) => node.properties?.[name] === undefined);
      return unknown.length > 0 ? `required but not declared: ${unknown.join(', ')}` : undefined;
    },
  },
  'secret-name': {
    summary:
      'A string named like a password, token or key is marked `secret`, or `nonsensitive` when it is none.',
    check: (node, { role, name }) => {
      if (role !== 'property' || !typesOf(node).includes('string') || isSecret(node) || node.nonsensitive)
        return undefined;
      return SECRET_NAME.test(name) && !NOT_SECRET_NAME.test(name)
        ? 'looks like a secret but is not marked'
        : undefined;
    },
  },
  'secret-plain-string': {
    summary: 'A secret is a plain string: not nullable, not an array, without default or enum.',
    check: (node) =>
      isSecret(node) &&
      (node.type !== 'string' || 'default' in node || 'const' in node || node.enum !== undefined)
        ? 'a secret must be a plain string'
        : undefined,
  },
  'secret-list': {
    summary: 'Arrays do not hold secrets, because secrets are encrypted property by property.',
    check: (node) =>
      node.items !== undefined && holdsSecret(node.items) ? 'an array holds a secret' : undefined,
  },
  'multiline-key': {
    summary: 'Strings that hold line breaks (keys, certificates, credential files) are `multiline`.',
    check: (node, { role, name }) =>
      role === 'property' && node.type === 'string' && MULTILINE_NAME.test(name) && !node.multiline
        ? 'holds line breaks but is not multiline'
        : undefined,
  },
  'boolean-default': {
    summary: 'Every boolean has a default.',
    check: (node) =>
      node.type === 'boolean' && typeof node.default !== 'boolean' ? 'a boolean needs a default' : undefined,
  },
  'default-valid': {
    summary: 'A default is of the declared type, and one of the enum.',
    check: (node) => {
      if (node.default === undefined) return undefined;
      if (typesOf(node).length > 0 && !matchesType(node.default, typesOf(node)))
        return 'the default is of another type';
      return node.enum !== undefined && !node.enum.includes(node.default)
        ? 'the default is not in the enum'
        : undefined;
    },
  },
  'enum-type': {
    summary: 'An enum or const carries its type.',
    check: (node, { role }) =>
      (node.enum !== undefined || (node.const !== undefined && role !== 'branch')) && node.type === undefined
        ? 'an enum needs a type'
        : undefined,
  },
  'type-present': {
    summary: 'Every property and item says its type.',
    check: (node, { role }) =>
      (role === 'property' || role === 'item') &&
      node.type === undefined &&
      node.oneOf === undefined &&
      node.enum === undefined
        ? 'has no type'
        : undefined,
  },
  'array-items': {
    summary: 'An array says what its items are.',
    check: (node) =>
      typesOf(node).includes('array') && node.items === undefined ? 'an array needs items' : undefined,
  },
  'nullable-scalar': {
    summary: 'The only union of types is [string, number or integer; null].',
    check: (node) => {
      const types = typesOf(node);
      if (types.length < 2 && !types.includes('null')) return undefined;
      const [first, second] = types;
      const allowed =
        types.length === 2 && second === 'null' && ['string', 'number', 'integer'].includes(first ?? '');
      return allowed ? undefined : 'types must be one type, or [string|number|integer, null]';
    },
  },
  'one-of-discriminator': {
    summary: 'A oneOf of objects names its discriminator, which every branch has as a constant.',
    check: (node) => {
      if (node.oneOf === undefined || isDescribedEnum(node)) return undefined;
      if (!node.discriminator?.propertyName) return 'a oneOf needs discriminator.propertyName';
      const untagged = tagsOf(node).some((tag) => typeof tag?.const !== 'string');
      return untagged ? `a branch has no constant ${node.discriminator.propertyName}` : undefined;
    },
  },
  'discriminator-unique': {
    summary: 'Each branch of a oneOf has its own value of the discriminator.',
    check: (node) => {
      const values = tagsOf(node).flatMap((tag) => (typeof tag?.const === 'string' ? tag.const : []));
      return new Set(values).size < values.length ? 'two branches have the same discriminator' : undefined;
    },
  },
  'discriminator-default': {
    summary: 'The discriminator of each branch has its constant as its default, which fills in the form.',
    check: (node) => {
      const wrong = tagsOf(node).some((tag) => tag !== undefined && tag.default !== tag.const);
      return wrong ? 'the discriminator needs default equal to const' : undefined;
    },
  },
  'discriminator-first': {
    summary: 'The discriminator is the first property of its branch.',
    check: (node) => {
      const name = node.discriminator?.propertyName;
      if (name === undefined) return undefined;
      const late = (node.oneOf ?? []).some((branch) => Object.keys(branch.properties ?? {})[0] !== name);
      return late ? `${name} is not the first property of every branch` : undefined;
    },
  },
  'described-enum': {
    summary: 'In a oneOf of constants, all of them have a description or none.',
    check: (node) => {
      if (!isDescribedEnum(node)) return undefined;
      const count = (node.oneOf ?? []).filter((each) => each.description).length;
      return count === 0 || count === node.oneOf?.length
        ? undefined
        : 'some constants have a description, some have none';
    },
  },
  'advanced-section': {
    summary: 'A section named `advanced` is marked `advanced`, so that it is folded away.',
    check: (node, { role, name }) =>
      role === 'property' && name === 'advanced' && node.advanced !== true
        ? 'is not marked advanced: true'
        : undefined,
  },
  'pattern-valid': {
    summary: 'Patterns are valid regular expressions.',
    check: (node) =>
      node.pattern !== undefined && !compiles(node.pattern) ? 'the pattern does not compile' : undefined,
  },
  'no-combinators': {
    summary:
      'Config schemas are spelled out: no references, conditionals or combinations that a form cannot show.',
    check: (node) => {
      const used = COMBINATORS.filter((keyword) => keyword in node);
      return used.length > 0 ? `uses ${used.join(', ')}` : undefined;
    },
  },
} as const satisfies Readonly<Record<string, LintRule>>;

export type LintRuleName = keyof typeof LINT_RULES;

function holdsSecret(node: SchemaNode): boolean {
  if (isSecret(node)) return true;
  return [...Object.values(node.properties ?? {}), ...(node.items === undefined ? [] : [node.items])].some(
    holdsSecret,
  );
}
