import { Logger, type LoggerService } from '@nestjs/common';
import { harmless } from '../core/harmless.js';

/** What is said goes out, or does not: a logger that throws keeps nothing from going on. */
export type OwnLogger = Record<'log' | 'warn' | 'error' | 'debug', (message: string) => void>;

/** What this package says of itself, through Nest's logger in this context, or another one. */
export function loggerOf(context: string, logger: LoggerService = new Logger(context)): OwnLogger {
  const say = (level: keyof OwnLogger) => (message: string) =>
    void harmless(
      () => logger[level]?.(message) as unknown,
      () => undefined,
    );
  return { log: say('log'), warn: say('warn'), error: say('error'), debug: say('debug') };
}
