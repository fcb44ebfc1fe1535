import type { LoggerService } from '@nestjs/common';

/** Keeps what is logged, `level: message`. */
export class RecordingLogger implements LoggerService {
  readonly lines: string[] = [];

  log(message: unknown): void {
    this.lines.push(`log: ${String(message)}`);
  }

  debug(message: unknown): void {
    this.lines.push(`debug: ${String(message)}`);
  }

  warn(message: unknown): void {
    this.lines.push(`warn: ${String(message)}`);
  }

  error(message: unknown): void {
    this.lines.push(`error: ${String(message)}`);
  }

  of(level: 'log' | 'debug' | 'warn' | 'error'): string[] {
    return this.lines.filter((line) => line.startsWith(`${level}: `));
  }
}
