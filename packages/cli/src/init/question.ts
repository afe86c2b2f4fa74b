// What is asked of a user, one value at a time.

export interface Question {
  readonly title: string;
  readonly description: string;
  /** What an empty answer means; undefined: it leaves the value out. */
  readonly default?: string;
  readonly isRequired: boolean;
  /** Not shown while it is typed. */
  readonly isSecret: boolean;
  /** An answer `@path` stands for what the file holds, such as a private key. */
  readonly isMultiline: boolean;
  /** The answers that there are; their numbers will do too. */
  readonly choices: readonly string[];
  /** What each choice is, in a line. */
  readonly labels?: readonly string[];
  /** What is wrong with an answer; undefined when it will do. */
  readonly problemOf: (answer: string) => string | undefined;
}

/** Somebody to ask. The answer has passed `problemOf`; it is empty only when nothing was given. */
export interface Asker {
  ask(question: Question): Promise<string>;
  say(text: string): void;
}

export const plainQuestion: Omit<Question, 'title'> = {
  description: '',
  isRequired: true,
  isSecret: false,
  isMultiline: false,
  choices: [],
  problemOf: () => undefined,
};
