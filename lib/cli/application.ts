import { type INestApplicationContext, Logger, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { COMMAND_VARIABLE } from '../core/command-variable.js';
import type { ApplicationExport } from './application-file.js';
import { ApplicationNotFoundError, ApplicationStartError, LogNotFoundError } from './errors.js';
import { type CommandTools, toolsToken } from './tools.js';

/** Where the application of a command comes from. */
export interface ApplicationSource {
  /** What it is called in errors. */
  readonly name: string;
  load(): Promise<ApplicationExport>;
}

/**
 * Starts the application for one command, and closes it when the work is done: the module sees by the environment that this process
 * is the command's, and starts no worker. Throws `ApplicationStartError` or `ApplicationNotFoundError`, and what the work throws.
 */
export async function withApplication(
  source: ApplicationSource,
  command: string,
  logger: LoggerService,
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  const before = process.env[COMMAND_VARIABLE];
  process.env[COMMAND_VARIABLE] = command;
  try {
    const app = await start(await source.load(), source.name, logger);
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  } finally {
    if (before === undefined) delete process.env[COMMAND_VARIABLE];
    else process.env[COMMAND_VARIABLE] = before;
  }
}

async function start(
  exported: ApplicationExport,
  name: string,
  logger: LoggerService,
): Promise<INestApplicationContext> {
  let app: INestApplicationContext;
  try {
    if ('module' in exported)
      return await NestFactory.createApplicationContext(exported.module as Type, {
        logger,
        abortOnError: false,
      });
    Logger.overrideLogger(logger);
    app = (await exported.make()) as INestApplicationContext;
  } catch (error) {
    throw new ApplicationStartError(name, error);
  }
  if (typeof app?.get !== 'function' || typeof app.init !== 'function')
    throw new ApplicationNotFoundError(name, 'exports a function that makes no application');
  return app.init().catch((error: unknown) => {
    throw new ApplicationStartError(name, error);
  });
}

/** Throws `LogNotFoundError`. */
export function toolsOf(app: INestApplicationContext, dataSource: string | undefined): CommandTools {
  try {
    return app.get<CommandTools>(toolsToken(dataSource), { strict: false });
  } catch {
    throw new LogNotFoundError(dataSource ?? 'default');
  }
}
