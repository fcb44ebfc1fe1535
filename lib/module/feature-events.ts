import type { ValueProvider } from '@nestjs/common';
import type { EventClass } from '../core/event-types.js';
import { eventClasses } from './options.js';

/** The event classes that one `forFeature` was given: a provider, so that they are found among the application's. */
export class FeatureEvents {
  constructor(
    readonly types: readonly EventClass[],
    /** Those of them that are commands which this application executes. */
    readonly commands: readonly EventClass[] = [],
  ) {}
}

/** The provider of those of a `forFeature`. Throws `InvalidOptionError`. */
export function featureEvents(
  given: { events?: readonly EventClass[]; commands?: readonly EventClass[] },
  where: string,
): ValueProvider<FeatureEvents> {
  const commands = eventClasses(given.commands ?? [], 'commands', where);
  const types = [...eventClasses(given.events ?? [], 'events', where), ...commands];
  return { provide: FeatureEvents, useValue: new FeatureEvents(types, commands) };
}
