import { errorLine } from '../core/error-text.js';
import type { EventMetadata, RecordedEvent } from '../core/event.js';
import { isInstance, isTyped } from '../core/thrown.js';
import type { OwnLogger } from '../runtime/logging.js';
import type { StoredEvent } from '../store/ports/rows.js';
import { MessageRefusedError, SerializerUnavailableError } from './errors.js';
import { sha256 } from './message-identity.js';
import { outgoing, refusing } from './outgoing.js';
import type { ProducerDefinition } from './producer-definition.js';
import type { OutgoingMessage, SendOutcome } from './transport.js';

/** Bytes of a message key that stands for a stream as it is. */
const LONGEST_STREAM = 200;

const NO_PLACE: Pick<EventMetadata, 'source' | 'destination'> = {};

export interface ProducerParts {
  /** The event, decoded. Rejects with a typed error where it can never be. */
  readonly read: (event: StoredEvent) => Promise<RecordedEvent>;
  readonly logger: OwnLogger;
  /** Told of what the broker has, and of what it never takes. */
  readonly sent?: (key: string) => void;
  readonly refused?: (key: string, error: unknown) => void;
}

/** An event on its way. */
interface Prepared {
  readonly stored: StoredEvent;
  readonly stream: string;
  readonly event?: RecordedEvent;
  readonly message?: OutgoingMessage;
  /** Why there is no message. */
  readonly error?: unknown;
  isTaken: boolean;
}

interface Undone {
  readonly event: StoredEvent;
  readonly error: unknown;
}

/** Sends events before their follower passes them: at least once, and in this process once. */
export class Producer {
  private readonly prepared = new Map<number, Prepared>();
  private isTroubled = false;

  constructor(
    readonly definition: ProducerDefinition,
    private readonly parts: ProducerParts,
  ) {}

  accepts({ metadata }: StoredEvent): boolean {
    // Neither source nor destination are a broker's where no topic is named: most events are not looked into.
    const placed = metadata.includes('"topic":') ? (JSON.parse(metadata) as EventMetadata) : NO_PLACE;
    return this.definition.sends(placed);
  }

  streamOf({ position }: StoredEvent): string {
    return this.prepared.get(position)?.stream ?? alone(position);
  }

  recorded({ position }: StoredEvent): RecordedEvent | undefined {
    return this.prepared.get(position)?.event;
  }

  passed(events: readonly StoredEvent[]): void {
    for (const { position } of events) this.prepared.delete(position);
  }

  /** Rejects where events cannot be read now. */
  async prepare(events: readonly StoredEvent[]): Promise<void> {
    const [first] = events;
    // Whoever comes here has passed those before.
    for (const position of this.prepared.keys())
      if (position < first!.position) this.prepared.delete(position);
    for (const event of events) {
      // What failed is tried anew.
      if (this.prepared.get(event.position)?.message) continue;
      this.prepared.set(event.position, await this.made(event));
    }
  }

  async done(
    events: readonly StoredEvent[],
  ): Promise<{ failed: ReadonlyMap<number, unknown>; undone?: Undone }> {
    const failed = new Map<number, unknown>();
    const { batch, undone: waiting } = this.batchOf(events, failed);
    const undone = (await this.send(batch, failed)) ?? waiting;
    // Behind one that is refused, others are not taken either.
    if (undone && failed.size === 0) await this.complain(undone.error);
    else this.isTroubled = false;
    return { failed, ...(undone ? { undone } : {}) };
  }

  /** What is to be sent now: nothing of a key behind a message that cannot be. */
  private batchOf(
    events: readonly StoredEvent[],
    failed: Map<number, unknown>,
  ): { batch: Prepared[]; undone?: Undone } {
    const stopped = new Set<string>();
    const batch: Prepared[] = [];
    for (const event of events) {
      const one = this.prepared.get(event.position)!;
      if (one.isTaken) continue;
      const { stream, error } = one;
      if (stopped.has(stream))
        return { batch, undone: { event, error: new Error('one before it was not sent') } };
      if (one.message) batch.push(one);
      // It is nobody's fault: all behind it wait, too.
      else if (isInstance(error, SerializerUnavailableError)) return { batch, undone: { event, error } };
      else {
        stopped.add(stream);
        failed.set(event.position, error);
        this.parts.refused?.(event.key, error);
      }
    }
    return { batch };
  }

  /** The first that was not taken. */
  private async send(batch: readonly Prepared[], failed: Map<number, unknown>): Promise<Undone | undefined> {
    if (batch.length === 0) return undefined;
    const outcomes = await this.outcomes(batch.map(({ message }) => message!));
    let undone: Undone | undefined;
    for (const [index, one] of batch.entries()) {
      const outcome = outcomes[index]!;
      if (outcome.kind === 'untaken') undone ??= { event: one.stored, error: outcome.error };
      else this.noted(one, outcome, failed);
    }
    return undone;
  }

  private noted(
    one: Prepared,
    outcome: Exclude<SendOutcome, { kind: 'untaken' }>,
    failed: Map<number, unknown>,
  ): void {
    const { position, key } = one.stored;
    if (outcome.kind === 'taken') {
      one.isTaken = true;
      this.parts.sent?.(key);
      return;
    }
    const { error } = outcome;
    const told = isTyped(error)
      ? error
      : new MessageRefusedError(one.message!.topic, errorLine(error), { cause: error });
    failed.set(position, told);
    this.parts.refused?.(key, told);
  }

  private async outcomes(messages: readonly OutgoingMessage[]): Promise<readonly SendOutcome[]> {
    try {
      const transport = await this.definition.link.ready();
      return await transport.send(messages);
    } catch (error) {
      return messages.map(() => ({ kind: 'untaken', error }));
    }
  }

  /** Said once, until it goes on; of a broker that is away, the link says it. */
  private async complain(error: unknown): Promise<void> {
    const { name, link } = this.definition;
    if ((await link.connectivity.explainsFailure()) || this.isTroubled) return;
    this.isTroubled = true;
    this.parts.logger.warn(
      `Producer ${name}: a message was not sent, and is tried again: ${errorLine(error)}`,
    );
  }

  private async made(stored: StoredEvent): Promise<Prepared> {
    const { definition, parts } = this;
    let stream = alone(stored.position);
    try {
      const event = await parts.read(stored);
      const topic = definition.topicOf(event);
      const key = await refusing(topic, 'its key could not be told', () => definition.keyOf(event));
      if (key !== undefined) stream = streamOfKey(key);
      return { stored, stream, event, message: await outgoing(event, key, definition), isTaken: false };
    } catch (error) {
      if (!isTyped(error)) throw error;
      return { stored, stream, error, isTaken: false };
    }
  }
}

const alone = (position: number) => `#${position}`;

function streamOfKey(key: string): string {
  return Buffer.byteLength(key) > LONGEST_STREAM || key.includes('\0') || !key.isWellFormed()
    ? sha256(key)
    : key;
}
