// A block of lines at the bottom of a terminal, redrawn in place; whatever else is printed goes above it.
//
// Each redraw is one write: the cursor goes up, every line is overwritten and then cleared to its end, so that nothing
// is ever blank in between; terminals that know synchronized updates (mode 2026) show it in one step.

export interface Terminal {
  write(text: string): void;
  readonly columns: number;
  readonly rows: number;
}

const beginUpdate = '\u001b[?2026h';
const endUpdate = '\u001b[?2026l';
const clearToEndOfLine = '\u001b[K';
const clearBelow = '\u001b[J';

export class LiveScreen {
  readonly #terminal: Terminal;
  #drawn: readonly string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Columns that a line may take: a full line would put the cursor into the next one on some terminals. */
  get columns(): number {
    return Math.max(10, this.#terminal.columns - 1);
  }

  /** Lines that do not fit the terminal are counted in the last one. */
  draw(lines: readonly string[]): void {
    const fitting = this.#fit(lines);
    if (fitting.length === this.#drawn.length && fitting.every((line, index) => line === this.#drawn[index]))
      return;
    this.#write('', fitting);
  }

  /** Prints lines above the block. */
  print(text: string): void {
    const above = text.replace(/\n$/, '').split('\n');
    this.#write(above.map((line) => `${line}${clearToEndOfLine}\n`).join(''), this.#drawn);
  }

  #fit(lines: readonly string[]): readonly string[] {
    const room = Math.max(1, this.#terminal.rows - 1);
    if (lines.length <= room) return lines;
    return [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more`];
  }

  #write(above: string, lines: readonly string[]): void {
    const up = this.#drawn.length === 0 ? '' : `\u001b[${this.#drawn.length}A\r`;
    const block = lines.map((line) => `${line}${clearToEndOfLine}\n`).join('');
    this.#terminal.write(`${beginUpdate}${up}${above}${block}${clearBelow}${endUpdate}`);
    this.#drawn = lines;
  }
}
