// Runs a parsed template. Values are text, numbers, truths, lists and the record of the template's own fields.

import type { Command, Operand, Pipeline, TemplateNode } from './syntax.ts';
import { templateError } from './template-error.ts';

export type TemplateValue = string | number | boolean | readonly TemplateValue[] | TemplateRecord;
export interface TemplateRecord {
  readonly [field: string]: TemplateValue;
}
/** Gets the values of its arguments; an error's message becomes part of the template's. */
export type TemplateFunction = (...values: TemplateValue[]) => TemplateValue;

export class Evaluation {
  readonly #template: string;
  readonly #functions: ReadonlyMap<string, TemplateFunction>;
  readonly #variables: { name: string; value: TemplateValue }[];
  #output = '';

  constructor(template: string, functions: ReadonlyMap<string, TemplateFunction>, data: TemplateRecord) {
    this.#template = template;
    this.#functions = functions;
    this.#variables = [{ name: '', value: data }];
  }

  run(nodes: readonly TemplateNode[], dot: TemplateValue): string {
    this.#nodes(nodes, dot);
    return this.#output;
  }

  #nodes(nodes: readonly TemplateNode[], dot: TemplateValue): 'break' | 'continue' | undefined {
    for (const node of nodes) {
      switch (node.kind) {
        case 'text':
          this.#output += node.text;
          break;
        case 'output': {
          const value = this.#pipeline(node.pipeline, dot);
          if (node.pipeline.variables.length === 0) this.#output += printed(value);
          break;
        }
        case 'break':
        case 'continue':
          return node.kind;
        default: {
          const depth = this.#variables.length;
          const leaves = this.#block(node, dot);
          this.#variables.length = depth;
          if (leaves !== undefined) return leaves;
        }
      }
    }
    return undefined;
  }

  #block(
    node: Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>,
    dot: TemplateValue,
  ): 'break' | 'continue' | undefined {
    if (node.kind === 'range') return this.#range(node, dot);
    const value = this.#pipeline(node.pipeline, dot);
    if (!isTrue(value)) return this.#nodes(node.otherwise, dot);
    return this.#nodes(node.body, node.kind === 'with' ? value : dot);
  }

  #range(node: Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>, dot: TemplateValue) {
    const { pipeline } = node;
    const list = this.#commands(pipeline.commands, dot);
    if (!isList(list)) throw templateError(this.#template, pipeline.at, 'range needs a list');
    if (list.length === 0) return this.#nodes(node.otherwise, dot);
    const depth = this.#variables.length;
    for (const [index, item] of list.entries()) {
      const [first, second] = pipeline.variables;
      if (first !== undefined) this.#set(first, second === undefined ? item : index, pipeline.declares);
      if (second !== undefined) this.#set(second, item, pipeline.declares);
      const leaves = this.#nodes(node.body, item);
      this.#variables.length = depth;
      if (leaves === 'break') break;
    }
    return undefined;
  }

  #set(name: string, value: TemplateValue, declares: boolean): void {
    if (declares) {
      this.#variables.push({ name, value });
      return;
    }
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable !== undefined) variable.value = value;
  }

  #pipeline(pipeline: Pipeline, dot: TemplateValue): TemplateValue {
    const value = this.#commands(pipeline.commands, dot);
    const name = pipeline.variables[0];
    if (name !== undefined) this.#set(name, value, pipeline.declares);
    return value;
  }

  #commands(commands: readonly Command[], dot: TemplateValue): TemplateValue {
    let value: TemplateValue | undefined;
    for (const command of commands) value = this.#command(command, dot, value);
    return value ?? '';
  }

  #command(command: Command, dot: TemplateValue, piped: TemplateValue | undefined): TemplateValue {
    const [first, ...rest] = command.operands;
    if (first === undefined) return piped ?? '';
    if (first.kind !== 'function') return this.#operand(first, dot);
    const isShortCircuit = first.name === 'and' || first.name === 'or';
    if (isShortCircuit) return this.#shortCircuit(first, rest, dot, piped);
    const values = rest.map((operand) => this.#operand(operand, dot));
    if (piped !== undefined) values.push(piped);
    return this.#call(first.name, values, command.at);
  }

  #shortCircuit(
    operand: Extract<Operand, { kind: 'function' }>,
    rest: readonly Operand[],
    dot: TemplateValue,
    piped: TemplateValue | undefined,
  ): TemplateValue {
    let value: TemplateValue | undefined;
    for (const next of rest) {
      value = this.#operand(next, dot);
      if (isTrue(value) === (operand.name === 'or')) return value;
    }
    const last = piped ?? value;
    if (last === undefined) {
      throw templateError(this.#template, operand.at, `${operand.name} needs an argument`);
    }
    return last;
  }

  #call(name: string, values: readonly TemplateValue[], at: number): TemplateValue {
    const call = this.#functions.get(name);
    if (call === undefined) throw templateError(this.#template, at, `there is no function ${name}`);
    try {
      return call(...values);
    } catch (error) {
      throw templateError(
        this.#template,
        at,
        `${name}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #operand(operand: Operand, dot: TemplateValue): TemplateValue {
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'field':
        return this.#follow(dot, operand.path, operand.at);
      case 'variable': {
        const variable = this.#variables.findLast(({ name }) => name === operand.name);
        return this.#follow(variable?.value ?? '', operand.path, operand.at);
      }
      case 'group':
        return this.#pipeline(operand.pipeline, dot);
      case 'function':
        return this.#call(operand.name, [], operand.at);
      default:
        return '';
    }
  }

  #follow(from: TemplateValue, path: readonly string[], at: number): TemplateValue {
    let value = from;
    for (const name of path) {
      if (!isRecord(value))
        throw templateError(this.#template, at, `.${name} is asked of something without fields`);
      const next: TemplateValue | undefined = Object.hasOwn(value, name) ? value[name] : undefined;
      if (next === undefined) {
        const fields = Object.keys(value).map((field) => `.${field}`);
        throw templateError(this.#template, at, `there is no field .${name}; there are ${fields.join(', ')}`);
      }
      value = next;
    }
    return value;
  }
}

export function isList(value: TemplateValue): value is readonly TemplateValue[] {
  return Array.isArray(value);
}

function isRecord(value: TemplateValue): value is TemplateRecord {
  return typeof value === 'object' && !isList(value);
}

/** Empty values are false. */
export function isTrue(value: TemplateValue): boolean {
  if (isList(value)) return value.length > 0;
  return typeof value === 'object' || (value !== '' && value !== 0 && value !== false);
}

function printed(value: TemplateValue): string {
  if (isList(value)) return `[${value.map(printed).join(' ')}]`;
  return typeof value === 'object' ? `{${Object.values(value).map(printed).join(' ')}}` : String(value);
}
