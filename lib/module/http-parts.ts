import { existsSync } from 'node:fs';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { Availability } from '../http/availability.js';
import { ClientScript } from '../http/client-script.js';
import { Door } from '../http/door.js';
import type { DoorService } from '../http/door-controller.js';
import { Front } from '../http/front.js';
import type { ResolvedHttp, ResolvedRoute } from '../http/http-options.js';
import { putInFront } from '../http/platform.js';
import { PostedPreparation } from '../http/posted-preparation.js';
import { requestLimiter } from '../http/request-limiter.js';
import { routeOf } from '../http/route-path.js';
import { loggerOf, type OwnLogger } from '../runtime/logging.js';
import type { Engine } from './engine.js';

/** The bundle beside this package's modules; in a clone, the one that was built last. */
const SCRIPTS = ['../client/log.js', '../../dist/client/log.js'];

/** The door of one log: what is behind its routes, and what comes before the application's body parsers. */
export async function composeHttp(
  engine: Engine,
  { path }: ResolvedRoute,
  options: ResolvedHttp,
  application: { host: HttpAdapterHost; config: ApplicationConfig },
): Promise<DoorService> {
  const { host, config } = application;
  const { connectivity, types, repeated } = engine.parts;
  const limiter = await requestLimiter(options.rateLimit);
  const logger = loggerOf('EventLogHttp');
  const front = new Front({ route: () => routeOf(config, path), options, limiter, logger });
  putInFront(host, front, path, {
    where: 'EventSourcingModule.forRoot',
    absent: () =>
      logger.log(
        `This process has no HTTP server: no events are taken over HTTP here, at /${path} or elsewhere.`,
      ),
  });
  const availability = new Availability(connectivity, logger);
  const preparation = new PostedPreparation({
    types,
    nestedNames: engine.options.eventTypes.nestedNames,
    allow: options.allow,
    metadata: options.metadata,
    whenAway: () => availability.whenAway(),
    classFailed: (event, error) => availability.classFailed(event, error),
  });
  const door = new Door({
    front,
    limits: options,
    preparation,
    record: (events) => repeated.record(events),
    unavailable: (error) => availability.unavailable(error),
  });
  return { door, script: options.client ? clientScript(logger, path) : undefined };
}

function clientScript(logger: OwnLogger, path: string): ClientScript | undefined {
  // A bundle of CommonJS knows no address of its own.
  const here = import.meta.url as string | undefined;
  const files = here ? SCRIPTS.map((script) => new URL(script, here)) : [];
  const file = files.find((script) => existsSync(script));
  if (file) return ClientScript.at(file);
  logger.warn(
    `The browser client is not served at ${path}.js: its file is not beside this code, as where a bundler has moved that. ` +
      'Serve dist/client/log.js of the package nestjs-once there by yourself, or set http: { client: false }.',
  );
  return undefined;
}
