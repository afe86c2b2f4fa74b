// The part of Go's text/template that query templates use: text, output, if, with, range, variables, pipelines, the
// comparisons. What is left out is refused by name, never passed over.

import { cutTemplate, type Piece, type Token } from './token.ts';
import type { Command, Operand, Pipeline, TemplateNode } from './syntax.ts';
import { templateError } from './template-error.ts';

const refusedActions = new Set(['define', 'template', 'block']);

/** `functions`: names that may be called. Throws SQLBATCH_TEMPLATE_INVALID. */
export function parseTemplate(template: string, functions: ReadonlySet<string>): TemplateNode[] {
  return new TemplateParser(template, cutTemplate(template), functions).whole();
}

interface Ending {
  readonly word: 'end' | 'else' | '';
  readonly tokens: TokenReader;
  readonly at: number;
}

class TemplateParser {
  readonly #template: string;
  readonly #pieces: readonly Piece[];
  readonly #functions: ReadonlySet<string>;
  #position = 0;
  #ranges = 0;
  /** Variables in scope, innermost last. */
  #scope: string[] = [''];

  constructor(template: string, pieces: readonly Piece[], functions: ReadonlySet<string>) {
    this.#template = template;
    this.#pieces = pieces;
    this.#functions = functions;
  }

  whole(): TemplateNode[] {
    const { nodes, ending } = this.#list();
    if (ending.word !== '') throw this.#error(ending.at, `{{${ending.word}}} belongs to nothing`);
    return nodes;
  }

  #error(at: number, reason: string) {
    return templateError(this.#template, at, reason);
  }

  /** Nodes up to an `end`, an `else` or the end of the template. */
  #list(): { nodes: TemplateNode[]; ending: Ending } {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const piece = this.#pieces[this.#position];
      if (piece === undefined) {
        const at = this.#template.length;
        return { nodes, ending: { word: '', tokens: new TokenReader(this.#template, [], at), at } };
      }
      this.#position += 1;
      if (piece.kind === 'text') {
        nodes.push(piece);
        continue;
      }
      const tokens = new TokenReader(this.#template, piece.tokens, piece.at);
      const word = tokens.peekWord();
      if (word === 'end' || word === 'else') {
        tokens.next();
        return { nodes, ending: { word, tokens, at: piece.at } };
      }
      nodes.push(this.#action(tokens, word, piece.at));
    }
  }

  #action(tokens: TokenReader, word: string | undefined, at: number): TemplateNode {
    if (word !== undefined && refusedActions.has(word)) {
      throw this.#error(at, `{{${word}}} is not supported: a query template is one template`);
    }
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        tokens.next();
        return this.#block(word, tokens, at);
      case 'break':
      case 'continue':
        tokens.next();
        tokens.expectEnd();
        if (this.#ranges === 0) throw this.#error(at, `{{${word}}} outside of a range`);
        return { kind: word };
      default: {
        const pipeline = this.#pipeline(tokens, 'action');
        tokens.expectEnd();
        return { kind: 'output', pipeline };
      }
    }
  }

  #block(kind: 'if' | 'with' | 'range', tokens: TokenReader, at: number): TemplateNode {
    const outer = [...this.#scope];
    if (kind === 'range') this.#ranges += 1;
    const pipeline = this.#pipeline(tokens, kind);
    tokens.expectEnd();
    const inner = [...this.#scope];
    const { nodes: body, ending } = this.#list();
    if (kind === 'range') this.#ranges -= 1;
    let otherwise: readonly TemplateNode[] = [];
    this.#scope = inner;
    if (ending.word === 'else') otherwise = this.#otherwise(kind, ending, at);
    else if (ending.word === '') throw this.#error(at, `this {{${kind}}} has no {{end}}`);
    else ending.tokens.expectEnd();
    this.#scope = outer;
    return { kind, pipeline, body, otherwise };
  }

  #otherwise(kind: string, ending: Ending, at: number): readonly TemplateNode[] {
    const again = ending.tokens.peekWord();
    if (again !== undefined && again === kind && (again === 'if' || again === 'with')) {
      ending.tokens.next();
      return [this.#block(again, ending.tokens, ending.at)];
    }
    ending.tokens.expectEnd();
    const { nodes, ending: last } = this.#list();
    if (last.word === '') throw this.#error(at, `this {{${kind}}} has no {{end}}`);
    if (last.word === 'else') throw this.#error(last.at, `a second {{else}} of one {{${kind}}}`);
    last.tokens.expectEnd();
    return nodes;
  }

  #pipeline(tokens: TokenReader, use: 'action' | 'if' | 'with' | 'range' | 'group'): Pipeline {
    const at = tokens.at;
    const target = use === 'group' ? undefined : tokens.takeTarget();
    if (target !== undefined && target.variables.length > 1 && use !== 'range') {
      throw this.#error(at, 'only {{range}} sets two variables');
    }
    const commands: Command[] = [this.#command(tokens)];
    while (tokens.takeSymbol('|')) commands.push(this.#command(tokens));
    for (const [index, command] of commands.entries()) {
      if (index > 0 && command.operands[0]?.kind !== 'function') {
        throw this.#error(command.at, 'what follows | must be a function');
      }
    }
    const variables = target?.variables ?? [];
    for (const name of variables) {
      if (target?.declares === true) this.#scope.push(name);
      else if (!this.#scope.includes(name)) throw this.#error(at, `there is no variable $${name}`);
    }
    return { at, variables, declares: target?.declares ?? false, commands };
  }

  #command(tokens: TokenReader): Command {
    const at = tokens.at;
    const operands: Operand[] = [];
    for (let operand = this.#operand(tokens); operand !== undefined; operand = this.#operand(tokens)) {
      operands.push(operand);
    }
    const first = operands[0];
    if (first === undefined) throw this.#error(at, 'a value is missing');
    if (operands.length > 1 && first.kind !== 'function') {
      throw this.#error(at, 'only a function takes arguments');
    }
    return { at, operands };
  }

  #operand(tokens: TokenReader): Operand | undefined {
    const token = tokens.peek();
    if (token === undefined) return undefined;
    const { at } = token;
    switch (token.kind) {
      case 'literal':
        tokens.next();
        return { kind: 'literal', at, value: token.value };
      case 'field':
        return { kind: 'field', at, path: tokens.takePath() };
      case 'variable':
        tokens.next();
        if (!this.#scope.includes(token.text)) throw this.#error(at, `there is no variable $${token.text}`);
        return { kind: 'variable', at, name: token.text, path: tokens.takeGluedPath() };
      case 'word':
        tokens.next();
        return this.#word(token.text, at);
      case 'symbol': {
        if (token.text !== '(') return undefined;
        tokens.next();
        const pipeline = this.#pipeline(tokens, 'group');
        if (!tokens.takeSymbol(')')) throw this.#error(at, 'this ( is never closed by )');
        return { kind: 'group', at, pipeline };
      }
      default:
        return undefined;
    }
  }

  #word(word: string, at: number): Operand {
    if (word === 'true' || word === 'false') return { kind: 'literal', at, value: word === 'true' };
    if (word === 'nil') throw this.#error(at, 'nil is not supported');
    if (!this.#functions.has(word)) {
      throw this.#error(at, `there is no function ${word}; there are ${[...this.#functions].join(', ')}`);
    }
    return { kind: 'function', at, name: word };
  }
}

class TokenReader {
  readonly #template: string;
  readonly #tokens: readonly Token[];
  readonly #start: number;
  #index = 0;

  constructor(template: string, tokens: readonly Token[], start: number) {
    this.#template = template;
    this.#tokens = tokens;
    this.#start = start;
  }

  get at(): number {
    return this.peek()?.at ?? this.#tokens.at(-1)?.at ?? this.#start;
  }

  peek(): Token | undefined {
    return this.#tokens[this.#index];
  }

  next(): void {
    this.#index += 1;
  }

  peekWord(): string | undefined {
    const token = this.peek();
    return token?.kind === 'word' ? token.text : undefined;
  }

  takeSymbol(text: string): boolean {
    const token = this.peek();
    if (token?.kind !== 'symbol' || token.text !== text) return false;
    this.next();
    return true;
  }

  expectEnd(): void {
    const token = this.peek();
    if (token === undefined) return;
    throw templateError(this.#template, token.at, 'there is more in these braces than belongs together');
  }

  /** `.A.B`, or nothing for a lone dot. */
  takePath(): string[] {
    const first = this.peek();
    if (first?.kind !== 'field') return [];
    this.next();
    return first.text === '' ? [] : [first.text, ...this.takeGluedPath()];
  }

  /** Fields without a blank before them. */
  takeGluedPath(): string[] {
    const path: string[] = [];
    for (let token = this.peek(); token?.kind === 'field' && token.glued; token = this.peek()) {
      path.push(token.text);
      this.next();
    }
    return path;
  }

  /** `$a :=`, `$a, $b :=`, `$a =`; takes nothing when it is something else. */
  takeTarget(): { readonly variables: string[]; readonly declares: boolean } | undefined {
    const [first, second, third, fourth] = this.#tokens.slice(this.#index, this.#index + 4);
    if (first?.kind !== 'variable' || second?.kind !== 'symbol') return undefined;
    if (second.text === ':=' || second.text === '=') {
      this.#index += 2;
      return { variables: [first.text], declares: second.text === ':=' };
    }
    if (second.text !== ',' || third?.kind !== 'variable' || fourth?.kind !== 'symbol') return undefined;
    if (fourth.text !== ':=' && fourth.text !== '=') return undefined;
    this.#index += 4;
    return { variables: [first.text, third.text], declares: fourth.text === ':=' };
  }
}
