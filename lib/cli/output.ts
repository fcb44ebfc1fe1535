import { once } from 'node:events';
import { asJson } from './as-json.js';
import type { CommandIo } from './io.js';
import { Progress } from './progress.js';

/** What a command says: results on stdout, for people or as JSON; all else on stderr. */
export class Output {
  readonly progress: Progress;

  constructor(
    private readonly io: Pick<CommandIo, 'stdout' | 'stderr'>,
    /** One document, or one on each line of a stream. */
    readonly json: boolean,
  ) {
    this.progress = new Progress(io.stderr);
  }

  /** The command's one result. */
  async document(value: unknown, lines: () => readonly string[]): Promise<void> {
    await this.write(`${this.json ? asJson(value, 2) : lines().join('\n')}\n`);
  }

  /** One of many results. */
  async record(value: unknown, lines: () => readonly string[]): Promise<void> {
    await this.write(`${this.json ? asJson(value) : lines().join('\n')}\n`);
  }

  /** Resolves when there is room for more. */
  async write(text: string): Promise<void> {
    this.progress.clear();
    const { stdout } = this.io;
    if (stdout.destroyed || stdout.write(text)) return;
    // A reader that has gone away reads no more: whoever waits for it has to go on, and is told by the signal.
    const gone = new AbortController();
    const { signal } = gone;
    await Promise.race([once(stdout, 'drain', { signal }), once(stdout, 'close', { signal })]).catch(
      () => undefined,
    );
    gone.abort();
  }

  /** For the person, never for the program behind the pipe. */
  say(text: string): void {
    this.progress.clear();
    this.io.stderr.write(`${text}\n`);
  }

  /** Resolves when all that was written has been taken. */
  async flushed(): Promise<void> {
    const { stdout } = this.io;
    if (!stdout.destroyed) await new Promise<void>((resolve) => stdout.write('', () => resolve()));
  }
}
