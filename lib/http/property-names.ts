import { describe } from '../core/describe.js';
import { malformed } from './refused-request.js';

/** What stands beside an event's data in the same object, and can be no property of any event. */
export const ENVELOPE = { name: '__event__', key: '__key__', occurredAt: '__occurredAt__' } as const;

const ENVELOPE_NAMES: ReadonlySet<string> = new Set(Object.values(ENVELOPE));

/** Ways to an object's class: whatever copies data carelessly would change that instead. */
const DANGEROUS: ReadonlySet<string> = new Set(['constructor', 'prototype']);

/** Throws unless data from outside may have a property of this name; `isTop`: beside the event's own name. */
export function assertPropertyName(name: string, isTop: boolean, index?: number): void {
  if (isTop && ENVELOPE_NAMES.has(name)) return;
  if (name === '') throw malformed('INVALID_PROPERTY', 'A property has no name.', index);
  const isReserved = name.startsWith('__') && name.endsWith('__');
  if (!isReserved && !DANGEROUS.has(name)) return assertText(name, 'A property name', index);
  const allowed = `${[...ENVELOPE_NAMES].join(', ')} at the top of an event`;
  throw malformed(
    'INVALID_PROPERTY',
    `The property name ${describe(name)} is reserved: of such names only ${allowed} are expected.`,
    index,
  );
}

/** What some database or other refuses is refused at the door. */
export function assertText(text: string, what: string, index?: number): void {
  if (text.isWellFormed() && !text.includes('\0')) return;
  const found = text.includes('\0') ? 'a NUL character' : 'half of a surrogate pair';
  throw malformed('INVALID_TEXT', `${what} has ${found}, which cannot be stored.`, index);
}
