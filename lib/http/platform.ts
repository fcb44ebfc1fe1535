import type { IncomingMessage } from 'node:http';
import type { HttpAdapterHost } from '@nestjs/core';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { frontForExpress } from './express-front.js';
import { frontForFastify } from './fastify-front.js';
import type { Front } from './front.js';

type Adapter = HttpAdapterHost['httpAdapter'];

const PLATFORMS: Readonly<Record<string, (adapter: Adapter, front: Front) => void>> = {
  express: frontForExpress,
  fastify: frontForFastify,
};

/** The paths of the doors in one HTTP server. */
const taken = new WeakMap<Adapter, Set<string>>();

/**
 * Puts the front before the application's body parsers, as soon as there is an HTTP server; without one, as in a process
 * that only works, there is no door. Throws `InvalidOptionError` for a path that another door has.
 */
export function putInFront(host: HttpAdapterHost, front: Front, path: string, where: string): void {
  if (host.httpAdapter) return install(host.httpAdapter, front, path, where);
  // A testing module makes its providers first.
  host.init$.subscribe(() => install(host.httpAdapter, front, path, where));
}

/** Node's own message behind the request of either platform. */
export function messageOf(request: IncomingMessage | { raw: IncomingMessage }): IncomingMessage {
  return 'raw' in request ? request.raw : request;
}

function install(adapter: Adapter, front: Front, path: string, where: string): void {
  const type = adapter.getType();
  const platform = PLATFORMS[type];
  if (!platform)
    throw new InvalidOptionError('http', 'on an adapter for Express or Fastify', describe(type), where);
  const paths = taken.get(adapter) ?? new Set();
  if (paths.has(path))
    throw new InvalidOptionError('http.path', 'another for each DataSource', describe(path), where);
  taken.set(adapter, paths.add(path));
  platform(adapter, front);
}
