import type { ModuleRef } from '@nestjs/core';

/** The reference, looking into all modules unless it is told otherwise: an event class belongs to none. */
export function globalModuleRef(moduleRef: ModuleRef): ModuleRef {
  const get = (token: never, options: object = {}): unknown =>
    moduleRef.get(token, { strict: false, ...options });
  const resolve = (token: never, contextId: never, options: object = {}): unknown =>
    moduleRef.resolve(token, contextId, { strict: false, ...options });
  return Object.assign(Object.create(moduleRef) as ModuleRef, { get, resolve });
}
