import { AsyncLocalStorage } from 'node:async_hooks';

/** The event that is being handled where something is emitted. */
export interface EmissionCause {
  key: string;
  correlationId: string;
}

/** Set around every handler, so that what it emits, however deep in the application, names its cause. */
export const emissionContext = new AsyncLocalStorage<EmissionCause>();
