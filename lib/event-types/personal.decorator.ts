import { notePersonal, type SubjectOf } from '../core/personal.js';
import { assertKnownOptions } from '../core/options/known-options.js';

export interface PersonalOptions<T = unknown> {
  /** Whom it is about: given the event's data, and the event. The id of one person, that says nothing of who it is. */
  subject: SubjectOf<T>;
}

/**
 * Marks a property of an event's class as personal to one data subject, or all data of the class: it is stored encrypted
 * with that subject's key, and gone when `Forgetting.forget(subject)` has destroyed that. The class is one with `@EventType`,
 * or stands for an aggregate's event.
 */
// The class is known only when the decorator is applied, so that `subject: (e) => …` has to do without its type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function Personal<T = any>(options: PersonalOptions<T>) {
  assertKnownOptions(options, ['subject'], '@Personal');
  const subject = options.subject as SubjectOf;
  return (target: object, property?: string | symbol): void => {
    if (property === undefined) notePersonal(target as Function, { subject });
    else notePersonal(target.constructor, { property: String(property), subject });
  };
}
