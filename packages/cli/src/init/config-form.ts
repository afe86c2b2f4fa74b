// The form that a config schema describes: its properties in their order, asked for or taken from what was given.

import { childPointer, isSecret, type SchemaNode, typesOf } from '@weir/schema/config';
import { errors } from '../errors.ts';
import { isList } from './form-places.ts';
import type { GivenAnswers } from './given-answers.ts';
import type { Asker } from './question.ts';

export interface FormOptions {
  readonly given: GivenAnswers;
  /** Undefined: nobody is there to be asked. */
  readonly asker: Asker | undefined;
  /** Also asks for what is marked as advanced, and for groups that may be left out. */
  readonly isThorough: boolean;
  /** Pointer → what was answered, or given, in an attempt that did not work: asked for again, and offered. */
  readonly earlier: Map<string, string>;
}

export interface FilledForm {
  readonly config: Readonly<Record<string, unknown>>;
  /** Pointer into the config → the description of what stands there. */
  readonly remarks: ReadonlyMap<string, string>;
}

/** `place` is where the form stands among what is given: `/from` or `/to`. Errors: INIT_ANSWER_INVALID, INIT_ANSWER_MISSING. */
export async function fillForm(schema: SchemaNode, place: string, options: FormOptions): Promise<FilledForm> {
  const form = new Form(place, options);
  const config = await form.object(schema, { pointer: place, asks: true });
  if (form.missing.length > 0) {
    const missing = form.missing.map((line) => `\n- ${line}`);
    const untaken = options.given.untaken(place).map((line) => `\n${line}`);
    throw errors.INIT_ANSWER_MISSING({
      message: `Nobody is there to be asked, and these have no answer:${[...missing, ...untaken].join('')}`,
    });
  }
  return { config, remarks: form.remarks };
}

interface Group {
  readonly pointer: string;
  /** Whether what is not given is asked for. */
  readonly asks: boolean;
  /** A property that has been dealt with. */
  readonly except?: string;
}

class Form {
  readonly missing: string[] = [];
  readonly remarks = new Map<string, string>();
  readonly #place: string;
  readonly #options: FormOptions;

  constructor(place: string, options: FormOptions) {
    this.#place = place;
    this.#options = options;
  }

  async object(node: SchemaNode, group: Group): Promise<Record<string, unknown>> {
    const object: Record<string, unknown> = {};
    const properties = Object.entries(node.properties ?? {}).sort(
      ([, a], [, b]) => (a.order ?? Number.MAX_SAFE_INTEGER) - (b.order ?? Number.MAX_SAFE_INTEGER),
    );
    for (const [name, property] of properties) {
      if (name === group.except) continue;
      const isRequired = node.required?.includes(name) ?? false;
      const at = { pointer: childPointer(group.pointer, name), asks: group.asks };
      const value = await this.#property(property, at, isRequired);
      if (value !== undefined) object[name] = value;
    }
    return object;
  }

  async #property(node: SchemaNode, at: Group, isRequired: boolean): Promise<unknown> {
    const { oneOf, properties, items } = node;
    if (oneOf === undefined && properties === undefined) {
      const count = items !== undefined && isList(node) ? this.#options.given.itemsBelow(at.pointer) : 0;
      return items === undefined || count === 0
        ? this.#value(node, at, isRequired)
        : this.#items(node, items, at, count);
    }
    // A choice between variants has a default and is asked for; a group may be left out.
    const isExpected = isRequired || (oneOf !== undefined && node.advanced !== true && at.asks);
    const isGiven = this.#options.given.hasBelow(at.pointer);
    const isChosen = !isExpected && at.asks && (await this.#wantsGroup(node));
    if (!isExpected && !isGiven && !isChosen) return undefined;
    this.#remark(node, at.pointer);
    const group = { ...at, asks: at.asks && (isExpected || isChosen) };
    return oneOf === undefined ? this.object(node, group) : this.#variant(node, oneOf, group);
  }

  async #items(list: SchemaNode, item: SchemaNode, at: Group, count: number): Promise<unknown[]> {
    this.#remark(list, at.pointer);
    const values: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      const pointer = childPointer(at.pointer, index);
      values.push(await this.#property(item, { ...at, pointer }, true));
      // What the list says is enough.
      this.remarks.delete(pointer.slice(this.#place.length));
    }
    return values;
  }

  async #wantsGroup({ title = '', description = '' }: SchemaNode): Promise<boolean> {
    const { asker, isThorough } = this.#options;
    if (asker === undefined || !isThorough) return false;
    const answer = await asker.ask({
      title: `${title}: fill in this group?`,
      description,
      default: 'no',
      choices: ['yes', 'no'],
      isRequired: true,
      isSecret: false,
      isMultiline: false,
      problemOf: () => undefined,
    });
    return answer === 'yes';
  }

  async #variant(
    node: SchemaNode,
    variants: readonly SchemaNode[],
    group: Group,
  ): Promise<Record<string, unknown>> {
    const property = node.discriminator?.propertyName ?? '';
    const tags = variants.map((variant) => String(variant.properties?.[property]?.const));
    const preset = (node.default as Record<string, unknown> | undefined)?.[property] ?? tags[0];
    const choice: SchemaNode = {
      type: 'string',
      title: node.title ?? property,
      description: node.description ?? '',
      enum: tags,
      default: preset,
    };
    const labels = variants.map(({ title = '' }) => title);
    const at = { ...group, pointer: childPointer(group.pointer, property) };
    const tag = await this.#value(choice, at, true, labels);
    this.#options.given.chose(group.pointer, at.pointer, String(tag));
    // What the group says is enough.
    this.remarks.delete(at.pointer.slice(this.#place.length));
    const chosen = variants[tags.indexOf(String(tag))] ?? {};
    return { [property]: tag, ...(await this.object(chosen, { ...group, except: property })) };
  }

  async #value(
    node: SchemaNode,
    { pointer, asks }: Group,
    isRequired: boolean,
    labels: readonly string[] = [],
  ): Promise<unknown> {
    const { given, asker, isThorough, earlier } = this.#options;
    const text = given.take(pointer);
    const before = earlier.get(pointer);
    if (text !== undefined && (before === undefined || asker === undefined)) {
      const problem = problemOf(node, text);
      if (problem !== undefined) {
        throw errors.INIT_ANSWER_INVALID({ message: `${pointer} (${node.title ?? ''}): ${problem}` });
      }
      earlier.set(pointer, text);
      this.#remark(node, pointer);
      return valueOf(node, text);
    }
    const isAsked = before !== undefined || (asks && (node.advanced !== true || isThorough));
    const preset = before ?? (node.default === undefined ? undefined : textOf(node, node.default));
    const answer =
      asker !== undefined && isAsked ? await this.#ask(asker, node, isRequired, labels, preset) : '';
    if (answer !== '') {
      earlier.set(pointer, answer);
      this.#remark(node, pointer);
      return valueOf(node, answer);
    }
    if (node.default !== undefined && isRequired) {
      this.#remark(node, pointer);
      return node.default;
    }
    if (isRequired) this.missing.push(`${pointer} (${node.title ?? ''})`);
    return undefined;
  }

  #ask(
    asker: Asker,
    node: SchemaNode,
    isRequired: boolean,
    labels: readonly string[],
    preset: string | undefined,
  ): Promise<string> {
    const isFlag = typesOf(node).includes('boolean');
    return asker.ask({
      title: node.title ?? '',
      description: node.description ?? '',
      ...(preset === undefined ? {} : { default: preset }),
      choices: isFlag ? ['yes', 'no'] : (node.enum ?? []).map(String),
      labels,
      isRequired,
      isSecret: isSecret(node),
      isMultiline: node.multiline === true,
      problemOf: (answer) => problemOf(node, answer),
    });
  }

  #remark({ description }: SchemaNode, pointer: string): void {
    if (description !== undefined && description !== '')
      this.remarks.set(pointer.slice(this.#place.length), description);
  }
}

const YES = ['yes', 'y', 'true'];
const NO = ['no', 'n', 'false'];

/** What is wrong with a value; nothing of it is repeated, as it may be a secret. */
function problemOf(node: SchemaNode, text: string): string | undefined {
  const types = typesOf(node);
  if (node.enum !== undefined && !node.enum.map(String).includes(text)) {
    return `It has to be one of ${node.enum.map(String).join(', ')}.`;
  }
  if (types.includes('string')) {
    if (node.minLength !== undefined && text.length < node.minLength) return 'It must not be empty.';
    const fits = node.pattern === undefined || new RegExp(node.pattern, 'u').test(text);
    return fits ? undefined : `It has to match the pattern ${node.pattern}.`;
  }
  if (types.includes('boolean')) {
    return [...YES, ...NO].includes(text) ? undefined : 'It has to be yes or no.';
  }
  try {
    const value: unknown = JSON.parse(text);
    if (types.includes('integer') && !Number.isInteger(value)) return 'It has to be a whole number.';
    if (types.includes('number') && typeof value !== 'number') return 'It has to be a number.';
    if (types.includes('array') && !Array.isArray(value)) return 'It has to be a list, as JSON.';
    return undefined;
  } catch {
    return `It has to be ${types.join(' or ')}, as JSON.`;
  }
}

/** Of a text without a problem. */
function valueOf(node: SchemaNode, text: string): unknown {
  const types = typesOf(node);
  if (types.includes('string') || types.length === 0) return text;
  if (types.includes('boolean')) return YES.includes(text);
  return JSON.parse(text);
}

function textOf(node: SchemaNode, value: unknown): string {
  if (typesOf(node).includes('boolean')) return value === true ? 'yes' : 'no';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
