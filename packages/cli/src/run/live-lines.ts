// A block of lines at the bottom of the terminal that is redrawn in place; other output goes above it.

export interface LiveTerminal {
  write(text: string): void;
  readonly columns: number;
}

export class LiveLines {
  readonly #terminal: LiveTerminal;
  #drawn: readonly string[] = [];

  constructor(terminal: LiveTerminal) {
    this.#terminal = terminal;
  }

  get width(): number {
    return this.#terminal.columns;
  }

  draw(lines: readonly string[]): void {
    this.#terminal.write(`${this.#erase()}${lines.map((line) => `${line}\n`).join('')}`);
    this.#drawn = lines;
  }

  /** Prints above the block. The text ends in a line break. */
  print(text: string): void {
    const lines = this.#drawn;
    this.#terminal.write(`${this.#erase()}${text}`);
    this.#drawn = [];
    this.draw(lines);
  }

  #erase(): string {
    return this.#drawn.length === 0 ? '' : `\u001b[${this.#drawn.length}A\r\u001b[0J`;
  }
}
