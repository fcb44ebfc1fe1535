import { existsSync } from 'node:fs';
import { Logger } from '@nestjs/common';
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
  const limiter = await requestLimiter(options.rateLimit);
  const front = new Front({ route: () => routeOf(config, path), options, limiter });
  putInFront(host, front, path, 'EventSourcingModule.forRoot');
  const logger = new Logger('EventLogHttp');
  const availability = new Availability(engine.connectivity, logger);
  const preparation = new PostedPreparation({
    types: engine.types,
    nestedNames: engine.options.eventTypes.nestedNames,
    allow: options.allow,
    trustedProxies: options.trustedProxies,
    whenAway: () => availability.whenAway(),
    classFailed: (event, error) =>
      logger.warn(`The class of event "${event}" failed on data posted over HTTP: ${String(error)}`),
  });
  const door = new Door({
    front,
    limits: options,
    preparation,
    record: (events) => engine.repeated.recordAll(events),
    unavailable: (error) => availability.unavailable(error),
  });
  return { door, script: options.client ? clientScript() : undefined };
}

function clientScript(): ClientScript | undefined {
  const file = SCRIPTS.map((script) => new URL(script, import.meta.url)).find((script) => existsSync(script));
  return file && ClientScript.at(file);
}
