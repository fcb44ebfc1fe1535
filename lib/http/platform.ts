import type { IncomingMessage, ServerResponse } from 'node:http';
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
 * that only works, there is no door, and `absent` is called. Throws `InvalidOptionError` for a path that another door has.
 */
export function putInFront(
  host: HttpAdapterHost,
  front: Front,
  path: string,
  { where, absent }: { where: string; absent: () => void },
): void {
  const adapter = () => host.httpAdapter as Adapter | null;
  const present = adapter();
  if (present) return install(present, front, path, where);
  // A testing module makes its providers before its server; an application context says at once that it has none.
  host.init$.subscribe(() => {
    const made = adapter();
    if (made) install(made, front, path, where);
    else absent();
  });
}

/** Node's own message behind the request or the response of either platform. */
export function messageOf<Message extends IncomingMessage | ServerResponse>(
  platforms: Message | { raw: Message },
): Message {
  return 'raw' in platforms ? platforms.raw : platforms;
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
