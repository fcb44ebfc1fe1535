import {
  type HttpAdapterHost,
  type ModuleRef,
  NestApplicationContext,
  type NestContainer,
} from '@nestjs/core';
import { loggerOf } from '../runtime/logging.js';

/**
 * Shuts the application down in order, as `app.close()` does, and ends the process with exit code 1. The application
 * object is out of a module's reach, so its hooks are called through the container that both share.
 */
export async function exitInOrder(moduleRef: ModuleRef, http: HttpAdapterHost | undefined): Promise<void> {
  const logger = loggerOf('EventSourcing');
  logger.error("A delivery's retries ran out: shutting down, as onExhausted: 'shutdown' asks for.");
  try {
    const { container } = moduleRef as unknown as { container: NestContainer };
    await http?.httpAdapter?.close();
    await new NestApplicationContext(container).close();
  } catch (error) {
    logger.error(`Shutdown failed: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    process.exit(1);
  }
}
