import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppendResult, EventMetadata } from '../core/event.js';
import type { EventAnswer, EventsAnswer } from './http-answer.js';
import type { Front } from './front.js';
import { idempotencyKey } from './idempotency-key.js';
import { isProblem, postedEvent } from './posted-event.js';
import { type ContentLimits, postedObjects } from './posted-objects.js';
import type { PostedPreparation } from './posted-preparation.js';
import { malformed, type RefusedRequestError } from './refused-request.js';
import { refusalOf, refusalOfRecording } from './refusals.js';
import type { RepeatableEvent } from '../store/log/repeated-events.js';

export interface DoorParts {
  front: Front;
  limits: ContentLimits;
  preparation: PostedPreparation;
  /** Records all or none. */
  record: (events: readonly RepeatableEvent[]) => Promise<AppendResult[]>;
  /** Says for an answer what went wrong, and for the operator what is no fault of the request. */
  unavailable: (error: unknown) => Promise<RefusedRequestError>;
}

/** From a request that the front let pass to its answer. */
export class Door {
  constructor(private readonly parts: DoorParts) {}

  /** Undefined for a request that did not come through the front. Rejects with `RefusedRequestError` alone. */
  async ingest(request: IncomingMessage): Promise<EventAnswer | EventsAnswer | undefined> {
    const received = this.parts.front.receivedWith(request);
    if (!received) return undefined;
    const [, query = ''] = splitOnce(request.url ?? '', '?');
    const { isMany, objects } = postedObjects({ query, ...received }, this.parts.limits);
    const key = idempotencyKey(request);
    if (isMany && key !== undefined) throw malformed('MALFORMED_REQUEST', ONE_KEY);
    const events = await this.prepared(objects, key, received.sender);
    const results = (await this.record(events)).map(({ key, recorded }) => ({ key, recorded }));
    return isMany ? { results } : results[0]!;
  }

  /** Before the guards are asked: the answer is the door's, whatever was set before. */
  reclaim(request: IncomingMessage, response: ServerResponse): void {
    this.parts.front.reclaim(request, response);
  }

  /** One after the other: what is wrong with each of them is told. */
  private async prepared(
    objects: readonly unknown[],
    key: string | undefined,
    sender: Partial<EventMetadata>,
  ): Promise<RepeatableEvent[]> {
    const { preparation } = this.parts;
    const events: RepeatableEvent[] = [];
    const problems = [];
    for (const [index, object] of objects.entries()) {
      const posted = postedEvent(object, index, key);
      const outcome = isProblem(posted) ? posted : await preparation.prepare(posted, sender);
      if ('prepared' in outcome) events.push(outcome);
      else problems.push(outcome);
    }
    if (problems.length > 0) throw refusalOf(problems, objects.length);
    return events;
  }

  private async record(events: readonly RepeatableEvent[]): Promise<AppendResult[]> {
    try {
      return await this.parts.record(events);
    } catch (error) {
      throw refusalOfRecording(error, events) ?? (await this.parts.unavailable(error));
    }
  }
}

const ONE_KEY =
  'The header Idempotency-Key stands for one event, but the body holds many: expected __key__ in each of them.';

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
