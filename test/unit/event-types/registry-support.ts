import { EventTypeRegistry } from '../../../lib/event-types/event-type-registry.js';
import type { EventClass } from '../../../lib/core/event-types.js';
import { PayloadCodec } from '../../../lib/payload/payload-codec.js';
import type { PayloadType } from '../../../lib/payload/payload-type.js';
import { fakeEntities } from '../payload/fake-entities.js';

export interface RegistrySetup {
  nestedNames?: boolean;
  whitelist?: boolean | 'forbid';
  trustedProxies?: number;
  types?: readonly PayloadType[];
}

/** Event classes as an application registers them, with two entity classes and its own payload types. */
export async function registryOf(classes: readonly EventClass[], setup: RegistrySetup = {}) {
  const { types = [], ...options } = setup;
  const codec = new PayloadCodec({ entities: fakeEntities, types });
  const registry = new EventTypeRegistry({
    nestedNames: false,
    whitelist: false,
    trustedProxies: 0,
    now: () => 1_700_000_000_000,
    isOwn: (value) => codec.isOwn(value),
    ...options,
  });
  await registry.register(classes);
  /** What is stored, and what a handler gets of it; entities are the same ones, as if loaded. */
  const stored = async (group: string, data: unknown) => {
    const text = codec.encode(data);
    const load = async (references: readonly { id: Record<string, unknown> }[]) =>
      references.map(({ id }) => ({ loaded: id }));
    return registry.restore(group, await codec.decode(text, load));
  };
  return Object.assign(registry, { stored, codec });
}

/** What the promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    (value) => Promise.reject(new Error(`Expected a rejection, got ${JSON.stringify(value)}`)),
    (error: unknown) => error,
  );
}
