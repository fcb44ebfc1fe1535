import type { RegisteredSource } from './registered-source.js';
import type { WriteReason } from './source-context.js';

/** Of each write: the call of TypeORM that gives whole entities. */
const BY_ENTITY: Readonly<Record<WriteReason, string>> = {
  insert: 'save()',
  update: 'save()',
  remove: 'remove()',
  'soft-remove': 'softRemove()',
  recover: 'recover()',
};

/** The same write by key alone, of which no re-scan finds the rows that are gone. */
const BY_KEY: Partial<Record<WriteReason, string>> = {
  remove: 'delete(id)',
  'soft-remove': 'softDelete(id)',
  recover: 'restore(id)',
};

/** What to do instead of a bulk write. */
export function insteadOf(write: WriteReason): string {
  return `Use ${BY_ENTITY[write]} with entities`;
}

/** What sources on removals do not see; undefined where there are none. */
export function passedByKey(sources: readonly RegisteredSource[]): string | undefined {
  const reasons = (Object.keys(BY_KEY) as WriteReason[]).filter((reason) =>
    sources.some(({ on }) => on.has(reason)),
  );
  if (reasons.length === 0) return undefined;
  const names = sources.filter(({ on }) => reasons.some((reason) => on.has(reason))).map(({ name }) => name);
  const calls = reasons.map((reason) => `${BY_KEY[reason]} (use ${BY_ENTITY[reason]})`).join(', ');
  return `${[...new Set(names)].join(', ')}: what is written by key, without an entity, is not seen: ${calls}.`;
}

/** Sources whose bulk writes no re-scan makes up for, by their own choice; undefined where there are none. */
export function passedInBulk(sources: readonly RegisteredSource[]): string | undefined {
  const passed = sources.filter(({ on, rescan }) => !rescan && (on.has('insert') || on.has('update')));
  if (passed.length === 0) return undefined;
  const names = [...new Set(passed.map(({ name }) => name))].join(', ');
  return (
    `${names}: with rescan: false, what is written in bulk, without entities, is not seen: insert(), update(), query builders ` +
    '(use save()).'
  );
}

/** What a process says at start of the writes that its sources do not see. */
export function unseenWrites(sources: readonly RegisteredSource[]): string[] {
  return [passedByKey(sources), passedInBulk(sources)].filter((line) => line !== undefined);
}
