import { RequestMethod } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';

/** Where the route ended up. */
export interface Route {
  path: string;
  /** Whether Nest's exception filters see what goes wrong there before the route: with Express, behind the prefix only. */
  isFiltered: boolean;
}

/** Where a route of no version is reached: behind the global prefix, unless that leaves it out. */
export function routeOf(config: ApplicationConfig, path: string): Route {
  const bare = `/${path}`;
  const prefix = config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
  const { exclude = [] } = config.getGlobalPrefixOptions();
  const isExcluded = exclude.some(
    ({ requestMethod, pathRegex }) =>
      [RequestMethod.ALL, RequestMethod.POST].includes(requestMethod) && pathRegex.test(bare),
  );
  if (prefix === '') return { path: bare, isFiltered: true };
  return isExcluded ? { path: bare, isFiltered: false } : { path: `/${prefix}${bare}`, isFiltered: true };
}
