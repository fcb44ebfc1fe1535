import type { CommandIo } from './io.js';

/** Milliseconds between two looks of a bar, and between two lines where there is no terminal. */
const BAR = 100;
const LINE = 5000;
const WIDTH = 24;

/** How far something is, on stderr: a bar on a terminal, elsewhere a line every five seconds. */
export class Progress {
  private told = -Infinity;
  private isShown = false;

  constructor(
    private readonly stderr: CommandIo['stderr'],
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** `part` from 0 to 1, where it is known. */
  show(text: string, part?: number): void {
    const { isTTY } = this.stderr;
    const now = this.now();
    if (this.told === -Infinity && !isTTY) this.told = now;
    if (now - this.told < (isTTY ? BAR : LINE)) return;
    this.told = now;
    if (!isTTY) return void this.stderr.write(`${percent(part)}${text}\n`);
    const line = `${bar(part)}${percent(part)}${text}`.slice(0, (this.stderr.columns ?? 80) - 1);
    this.stderr.write(`\r${line}\u001b[K`);
    this.isShown = true;
  }

  /** Makes room for other lines. */
  clear(): void {
    if (this.isShown) this.stderr.write('\r\u001b[K');
    this.isShown = false;
  }
}

function percent(part: number | undefined): string {
  return part === undefined ? '' : `${Math.floor(100 * part)} % `;
}

function bar(part: number | undefined): string {
  if (part === undefined) return '';
  const full = Math.min(WIDTH, Math.floor(part * WIDTH));
  return `[${'='.repeat(full)}${' '.repeat(WIDTH - full)}] `;
}
