import type { EventMetadata } from '../core/event.js';
import { type EventSourcingError, InvalidEventError } from '../core/errors.js';
import { type EventTypes, RefusedDataError } from '../core/event-types.js';
import { InvalidEventNameError } from '../event-types/errors.js';
import { checkedEventName } from '../event-types/event-name.js';
import type { RepeatableEvent } from '../store/log/repeated-events.js';
import { type AllowedName, isAllowed } from './allowed-names.js';
import type { PostedEvent } from './posted-event.js';
import type { EventProblem, RefusedRequestError } from './refused-request.js';
import { FAILED } from './refusals.js';
import { metadataToStore, type StoredMetadata } from './stored-metadata.js';

export interface PreparationParts {
  types: EventTypes;
  nestedNames: boolean;
  allow: readonly AllowedName[];
  metadata: StoredMetadata;
  /** What is answered when an event's class failed for want of the database. */
  whenAway: () => Promise<RefusedRequestError | undefined>;
  /** Tells the operator that it failed for another reason. */
  classFailed: (event: string, error: unknown) => void;
}

type Problem = Pick<EventProblem, 'code' | 'message' | 'properties'>;

/** One text to the letter, whether there is no such event or it may not be posted. */
const NOT_FOUND: Problem = { code: 'EVENT_NOT_FOUND', message: 'No event of this name can be posted here.' };

/** From what was posted to events that may be recorded. */
export class PostedPreparation {
  constructor(private readonly parts: PreparationParts) {}

  /** What is wrong with the event where it may not be. Rejects only when that cannot be found out at the moment. */
  async prepare(
    posted: PostedEvent,
    sender: Partial<EventMetadata>,
  ): Promise<RepeatableEvent | EventProblem> {
    const { index, name, data, key, occurredAt } = posted;
    try {
      checkedEventName(name, this.parts.nestedNames);
      if (!this.isOpen(name)) return { index, event: name, ...NOT_FOUND };
      const prepared = await this.parts.types.prepare(name, data, {
        origin: { transport: 'http', source: name },
        metadata: metadataToStore(sender, this.parts.metadata),
        ...(key === undefined ? {} : { key }),
        ...(occurredAt ? { occurredAt } : {}),
      });
      return { prepared, given: Object.keys(data) };
    } catch (error) {
      return { index, event: name, ...(await this.problem(name, error)) };
    }
  }

  /** Both are always asked: the time that an answer takes says nothing of what there is. */
  private isOpen(name: string): boolean {
    const exists = this.parts.types.has(name);
    const allowed = isAllowed(this.parts.allow, name);
    return exists && allowed;
  }

  private async problem(event: string, error: unknown): Promise<Problem> {
    if (isRequests(error)) {
      const { code, message, properties } = error as EventSourcingError & { properties?: unknown };
      return { code, message, ...(properties === undefined ? {} : { properties }) };
    }
    const away = await this.parts.whenAway();
    if (away) throw away;
    this.parts.classFailed(event, error);
    return { code: FAILED, message: `The class of event "${event}" failed.` };
  }
}

/** Whatever else a class's own methods throw is theirs: nobody knows by it whether the data is good. */
const isRequests = (error: unknown): error is EventSourcingError =>
  error instanceof RefusedDataError ||
  error instanceof InvalidEventNameError ||
  error instanceof InvalidEventError;
