// Reads the queries of GraphQL that a connector sends, so that a fake answers what was asked for and nothing else: fields with
// arguments, selections within them, and fragments for a type. What it does not know it refuses.

export type GraphqlArgument =
  | string
  | number
  | boolean
  | { readonly variable: string }
  | readonly GraphqlArgument[];

export interface GraphqlField {
  readonly name: string;
  readonly args: Readonly<Record<string, GraphqlArgument>>;
  /** Empty for a field that is a value. */
  readonly fields: readonly GraphqlField[];
}

const tokens = /\s*(\.\.\.|[{}()[\]:,$!]|"(?:[^"\\]|\\.)*"|-?\d+|\w+)/gy;

/** The fields at the root. Those of a fragment stand among the others. */
export function graphqlFields(text: string): readonly GraphqlField[] {
  const reader = new Reader(text);
  if (!reader.isAt('{')) reader.head();
  const fields = reader.fields();
  reader.end();
  return fields;
}

class Reader {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    tokens.lastIndex = 0;
    let end = 0;
    for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
      this.#tokens.push(match[1] ?? '');
      end = tokens.lastIndex;
    }
    if (text.slice(end).trim() !== '') throw new TypeError(`no query: ${text.slice(end, end + 40)}`);
  }

  isAt(token: string): boolean {
    return this.#tokens[this.#at] === token;
  }

  /** `query(…)`, whose variables are not checked. */
  head(): void {
    this.#name();
    if (!this.isAt('(')) return;
    while (!this.isAt(')')) this.#next();
    this.#next();
  }

  end(): void {
    if (this.#at !== this.#tokens.length) throw this.#unexpected();
  }

  fields(): GraphqlField[] {
    this.#take('{');
    const fields: GraphqlField[] = [];
    while (!this.isAt('}')) {
      if (this.isAt('...')) {
        this.#take('...', 'on');
        this.#name();
        fields.push(...this.fields());
        continue;
      }
      const name = this.#alias(this.#name());
      const args = this.isAt('(') ? this.#args() : {};
      fields.push({ name, args, fields: this.isAt('{') ? this.fields() : [] });
    }
    this.#take('}');
    if (fields.length === 0) throw this.#unexpected();
    return fields;
  }

  /** `alias: name`; answers have the alias. */
  #alias(name: string): string {
    if (!this.isAt(':')) return name;
    this.#take(':');
    this.#name();
    return name;
  }

  #args(): Record<string, GraphqlArgument> {
    const args: Record<string, GraphqlArgument> = {};
    this.#take('(');
    while (!this.isAt(')')) {
      const name = this.#name();
      this.#take(':');
      args[name] = this.#value();
      if (this.isAt(',')) this.#take(',');
    }
    this.#take(')');
    return args;
  }

  #value(): GraphqlArgument {
    const token = this.#next();
    if (token === '$') return { variable: this.#name() };
    if (token.startsWith('"')) return JSON.parse(token) as string;
    if (/^-?\d/.test(token)) return Number(token);
    if (token === '[') {
      const list: GraphqlArgument[] = [];
      while (!this.isAt(']')) {
        list.push(this.#value());
        if (this.isAt(',')) this.#take(',');
      }
      this.#take(']');
      return list;
    }
    return token === 'true' || token === 'false' ? token === 'true' : token;
  }

  #name(): string {
    const token = this.#next();
    if (!/^[A-Za-z_]\w*$/.test(token)) throw new TypeError(`${token} where a name is expected`);
    return token;
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new TypeError('the query ends too early');
    this.#at += 1;
    return token;
  }

  #take(...expected: readonly string[]): void {
    for (const token of expected) {
      if (!this.isAt(token)) throw this.#unexpected();
      this.#at += 1;
    }
  }

  #unexpected(): Error {
    return new TypeError(`${this.#tokens.slice(this.#at, this.#at + 5).join(' ')} is not expected there`);
  }
}
