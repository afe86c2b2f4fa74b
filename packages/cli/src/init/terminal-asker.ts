// Asks on a terminal. What is typed for a secret, or before anything was asked for, is not echoed.

import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { errors } from '../errors.ts';
import type { Asker, Question } from './question.ts';

export class TerminalAsker implements Asker, Disposable {
  readonly #lines: Interface;
  readonly #output: NodeJS.WriteStream;
  /** Lines that were typed before they were asked for. */
  readonly #typed: string[] = [];
  #awaited: PromiseWithResolvers<string> | undefined;
  #isClosed = false;
  #isMuted = true;

  /** `onInterrupt`: Ctrl-C, which the terminal leaves to this. */
  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream, onInterrupt: () => void) {
    this.#output = output;
    const echo = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (!this.#isMuted) output.write(chunk);
        done();
      },
    });
    this.#lines = createInterface({ input, output: echo, terminal: true, historySize: 0 });
    this.#lines.on('line', (line) => {
      if (this.#awaited === undefined) this.#typed.push(line);
      else this.#awaited.resolve(line);
      this.#awaited = undefined;
    });
    // Ctrl-C and the end of the input, as Ctrl-D, both mean that there will be no answer.
    this.#lines.on('SIGINT', () => {
      this.#lines.close();
      onInterrupt();
    });
    this.#lines.on('close', () => {
      this.#isClosed = true;
      this.#awaited?.reject(stopped());
    });
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }

  async ask(question: Question): Promise<string> {
    const { title, description, choices, labels = [] } = question;
    const width = Math.max(0, ...choices.map((choice) => choice.length));
    if (description !== '') this.say(this.#faint(description));
    choices.forEach((choice, index) => {
      const line = `  ${index + 1}  ${choice.padEnd(width)}  ${labels[index] ?? ''}`;
      this.say(line.trimEnd());
    });
    const shown = question.isSecret || question.isMultiline ? 'as before' : question.default;
    const preset = question.default === undefined ? '' : ` [${shown}]`;
    const note = question.isRequired || question.default !== undefined ? '' : ' (optional)';
    for (;;) {
      const typed = await this.#line(`${title}${note}${preset}: `, question.isSecret);
      const answer = this.#meaning(typed, question);
      const problem = this.#problem(answer, question);
      if (problem === undefined && answer !== undefined) return answer;
      this.say(problem ?? '');
    }
  }

  async #line(prompt: string, isSecret: boolean): Promise<string> {
    this.#output.write(prompt);
    this.#isMuted = isSecret;
    try {
      return await this.#nextLine();
    } finally {
      this.#isMuted = true;
      if (isSecret) this.#output.write('\n');
    }
  }

  async #nextLine(): Promise<string> {
    const typed = this.#typed.shift();
    if (typed !== undefined) return typed;
    if (this.#isClosed) throw stopped();
    this.#awaited = Promise.withResolvers<string>();
    return await this.#awaited.promise;
  }

  /** Undefined for a file that cannot be read. */
  #meaning(
    typed: string,
    { isSecret, isMultiline, choices, default: preset = '' }: Question,
  ): string | undefined {
    const answer = isSecret ? typed : typed.trim();
    if (answer === '') return preset;
    if (isMultiline && answer.startsWith('@')) {
      try {
        return readFileSync(answer.slice(1), 'utf8');
      } catch {
        return undefined;
      }
    }
    return choices[Number(answer) - 1] ?? answer;
  }

  #problem(answer: string | undefined, { choices, isRequired, problemOf }: Question): string | undefined {
    if (answer === undefined) return 'That file cannot be read.';
    if (answer === '') return isRequired ? 'This is needed.' : undefined;
    if (choices.length > 0 && !choices.includes(answer)) return `Choose one of 1 to ${choices.length}.`;
    return problemOf(answer);
  }

  #faint(text: string): string {
    return this.#output.hasColors() ? styleText('dim', text) : text;
  }

  [Symbol.dispose](): void {
    this.#lines.close();
  }
}

function stopped(): Error {
  return errors.INIT_STOPPED({ message: 'It was stopped before it had its answers.' });
}
