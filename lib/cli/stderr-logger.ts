import type { LoggerService } from '@nestjs/common';
import type { CommandIo } from './io.js';

type Level = 'log' | 'warn' | 'error' | 'debug' | 'verbose' | 'fatal';

/** What the application logs: on stderr, since stdout is the command's; without `--verbose` warnings and errors alone. */
export class StderrLogger implements LoggerService {
  constructor(
    private readonly stderr: CommandIo['stderr'],
    private readonly tellsAll: boolean,
  ) {}

  log(message: unknown, ...more: unknown[]): void {
    if (this.tellsAll) this.write('log', message, more);
  }

  debug(message: unknown, ...more: unknown[]): void {
    if (this.tellsAll) this.write('debug', message, more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.write('warn', message, more);
  }

  error(message: unknown, ...more: unknown[]): void {
    this.write('error', message, more);
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.write('fatal', message, more);
  }

  private write(level: Level, message: unknown, more: unknown[]): void {
    const context = typeof more.at(-1) === 'string' ? `[${String(more.at(-1))}] ` : '';
    const text =
      typeof message === 'string'
        ? message
        : message instanceof Error
          ? message.stack
          : JSON.stringify(message);
    this.stderr.write(`${level} ${context}${text}\n`);
  }
}
