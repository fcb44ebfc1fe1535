import type { Deliveries } from '../handlers/deliveries.js';
import type { HandlerRegistration, KnownHandler } from '../store/registry/handler-registry.js';

/** Where both names are in the database, neither takes over the other's deliveries. */
export async function warnOfFormerNames(
  registrations: readonly HandlerRegistration[],
  known: readonly KnownHandler[],
  deliveries: Pick<Deliveries, 'list'>,
  warn: (line: string) => void,
): Promise<void> {
  for (const { name, formerly } of registrations) {
    for (const former of formerly.filter((one) => known.some((handler) => handler.name === one))) {
      const open = await deliveries.list(
        { handler: former, status: ['pending', 'running', 'dead'] },
        { limit: 1 },
      );
      if (open.items.length > 0) warn(leftBehind(name, former));
    }
  }
}

function leftBehind(name: string, former: string): string {
  return (
    `Handler "${name}" does not take over the deliveries of "${former}", formerly its name: it had deliveries of its own already, and ` +
    `those of "${former}" that are not done are left. Put @EventHandler('none', { name: '${former}' }) in the place of formerly, on the ` +
    `same method, until they are done; or cancel them: Deliveries.cancel({ handler: '${former}' }).`
  );
}
