import type { EventClass } from '../core/event-types.js';

/** The event classes that one `forFeature` was given: a provider, so that they are found among the application's. */
export class FeatureEvents {
  constructor(readonly types: readonly EventClass[]) {}
}
