import { isErased } from './personal.js';

/** An event as it is stored, as far as it says in which version its data is. */
export interface StoredVersion {
  readonly key: string;
  readonly group: string;
  /** As JSON. */
  readonly metadata: string;
}

/** PORT. Brings the data of events that were recorded by an earlier release to what the code knows. */
export interface EventEvolution {
  /** The data as the code knows it. Throws a typed error where that is not possible. */
  upToDate(event: StoredVersion, data: unknown): unknown;
}

/** Where no event has versions. */
export const NO_EVOLUTION: EventEvolution = { upToDate: (_, data) => data };

/** The data as the code knows it, or a promise where the data is one. */
export function evolved(evolution: EventEvolution, event: StoredVersion, data: unknown): unknown {
  if (data instanceof Promise) return data.then((given) => upToDate(evolution, event, given));
  return upToDate(evolution, event, data);
}

/** What has been forgotten has no versions. */
function upToDate(evolution: EventEvolution, event: StoredVersion, data: unknown): unknown {
  return isErased(data) ? data : evolution.upToDate(event, data);
}
