/** What a payload is of: an event, or a snapshot, which has no group. */
export interface PayloadOwner {
  readonly key: string;
  readonly group: string;
}

/** Of a payload that nobody knows the place of, as one that came from another application. */
export const NOBODY: PayloadOwner = { key: '', group: '' };

/** No event has an empty group, so that no snapshot passes for one. */
export function snapshotOwner(stream: string, version: number, schemaVersion: number): PayloadOwner {
  return { key: `${stream}:${version}:${schemaVersion}`, group: '' };
}

/** For messages. */
export function nameOfOwner({ key, group }: PayloadOwner): string {
  if (group !== '') return `event "${key}" (${group})`;
  return key === '' ? 'the stored event' : `the snapshot "${key}"`;
}
