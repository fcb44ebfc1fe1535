import type { EntityLoader, EntityPort, EntityReference } from '../../../lib/payload/entity-port.js';
import { EventSourcingError } from '../../../lib/core/errors.js';

export class Challenge {
  id: unknown;
  title?: string;
  donations?: object[];
}

export class Donation {
  donor: unknown;
  at: unknown;
  amount?: unknown;
}

export class NoPrimaryKeyError extends EventSourcingError {
  readonly code = 'NO_PRIMARY_KEY';
}

/** Two entity classes: one with a single key, one with a composite one. */
export const fakeEntities: EntityPort = {
  reference(value) {
    if (value instanceof Donation) return { entity: 'Donation', id: { donor: value.donor, at: value.at } };
    if (!(value instanceof Challenge)) return undefined;
    if (value.id === undefined) throw new NoPrimaryKeyError('The Challenge has no primary key yet.');
    return { entity: 'Challenge', id: { id: value.id } };
  },
  isEntity(value) {
    return value instanceof Challenge || value instanceof Donation;
  },
  snapshot(value) {
    const columns: Record<string, unknown> = { ...value };
    delete columns.donations;
    return { entity: value instanceof Donation ? 'Donation' : 'Challenge', columns };
  },
  restore({ entity, columns }) {
    return Object.assign(entity === 'Donation' ? new Donation() : new Challenge(), columns);
  },
};

export function challenge(id: unknown, title?: string): Challenge {
  return Object.assign(new Challenge(), { id }, title === undefined ? {} : { title });
}

export function donation(donor: unknown, at: unknown, amount?: unknown): Donation {
  return Object.assign(new Donation(), { donor, at, amount });
}

/** Loads every reference as an entity of that key, except those of `gone`; remembers what it was asked for. */
export function fakeLoader(
  gone: readonly unknown[] = [],
): EntityLoader & { calls: (readonly EntityReference[])[] } {
  const calls: (readonly EntityReference[])[] = [];
  const load: EntityLoader = async (references) => {
    calls.push(references);
    return references.map(({ entity, id }) =>
      gone.includes(id.id) ? null : fakeEntities.restore({ entity, columns: id }),
    );
  };
  return Object.assign(load, { calls });
}
