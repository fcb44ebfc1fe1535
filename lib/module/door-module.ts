import type { DynamicModule, FactoryProvider, Type } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, HttpAdapterHost } from '@nestjs/core';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { isAllowed } from '../http/allowed-names.js';
import { doorController } from '../http/door-controller.js';
import { type HttpRouteOptions, httpRoute, type ResolvedRoute } from '../http/http-options.js';
import { describeDoor } from '../http/openapi.js';
import type { Engine } from './engine.js';
import { namedEventClasses } from './event-classes.js';
import { composeHttp } from './http-parts.js';
import type { EventSourcingFactoryOptions, ResolvedOptions } from './options.js';
import { doorToken, engineToken, optionsToken } from './tokens.js';

/** What a door adds to its `forRoot`. */
export type DoorModule = Required<Pick<DynamicModule, 'imports' | 'controllers' | 'providers'>>;

const WHERE = 'EventSourcingModule.forRootAsync';

/** Nothing where nothing is to be posted. */
export function doorModule(
  http: HttpRouteOptions | undefined,
  dataSource: string | undefined,
  where: string,
): DoorModule {
  if (!http) return { imports: [], controllers: [], providers: [] };
  const route = httpRoute(http, where);
  const controller = doorController(route, doorToken(dataSource));
  return {
    imports: route.imports,
    controllers: [controller],
    providers: [doorProvider(controller, route, dataSource)],
  };
}

function doorProvider(
  controller: Type,
  route: ResolvedRoute,
  dataSource: string | undefined,
): FactoryProvider {
  return {
    provide: doorToken(dataSource),
    inject: [
      engineToken(dataSource),
      optionsToken(dataSource),
      HttpAdapterHost,
      ApplicationConfig,
      DiscoveryService,
    ],
    useFactory: async (
      engine: Engine,
      { http }: ResolvedOptions,
      host: HttpAdapterHost,
      config: ApplicationConfig,
      discovery: DiscoveryService,
    ) => {
      const events = [...namedEventClasses(engine, discovery)].filter(([name]) =>
        isAllowed(http!.allow, name),
      );
      await describeDoor(controller, { events: new Map(events), maxEvents: http!.maxEvents });
      return composeHttp(engine, route, http!, { host, config });
    },
  };
}

/** What a factory made, if it agrees with what was known before it was asked. */
export function httpOfFactory(
  made: EventSourcingFactoryOptions['http'],
  beside: HttpRouteOptions | undefined,
): Pick<EventSourcingFactoryOptions, 'http'> {
  if (!beside) {
    if (made === undefined) return {};
    const expected = 'announced beside the factory: forRootAsync({ http: { path, guards }, useFactory })';
    throw new InvalidOptionError('http', expected, 'it from the factory alone', WHERE);
  }
  const early = (['path', 'guards', 'imports'] as const).find((option) => option in (made ?? {}));
  if (early === undefined) return { http: made ?? ({} as NonNullable<typeof made>) };
  const expected = `given beside the factory: forRootAsync({ http: { ${early} }, useFactory })`;
  const value = (made as Record<string, unknown>)[early];
  throw new InvalidOptionError(`http.${early}`, expected, describe(value), WHERE);
}
