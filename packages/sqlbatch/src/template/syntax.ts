// What a parsed template is made of.

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipeline: Pipeline;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    }
  | { readonly kind: 'break' | 'continue' };

/** `$i, $field := first | second`: the value of each command is the last argument of the next. */
export interface Pipeline {
  readonly at: number;
  readonly variables: readonly string[];
  /** `:=` makes variables, `=` changes them. */
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

/** A function and its arguments, or one operand alone. */
export interface Command {
  readonly at: number;
  readonly operands: readonly Operand[];
}

export type Operand =
  | { readonly kind: 'literal'; readonly at: number; readonly value: string | number | boolean }
  /** `.A.B`: properties of the current value; none for `.`. */
  | { readonly kind: 'field'; readonly at: number; readonly path: readonly string[] }
  /** `$v.A`; the empty name is the value of the whole template. */
  | {
      readonly kind: 'variable';
      readonly at: number;
      readonly name: string;
      readonly path: readonly string[];
    }
  | { readonly kind: 'function'; readonly at: number; readonly name: string }
  | { readonly kind: 'group'; readonly at: number; readonly pipeline: Pipeline };
