import { InvalidEventError } from '../core/errors.js';
import { ErasedSubjectError } from '../core/personal.js';
import { PayloadEncodingError, PayloadStepError, PayloadTooLargeError } from '../payload/errors.js';
import type { Emission } from '../store/log/event-recorder.js';
import type { ReceivedEvents } from './received-events.js';
import type { ReceivedMessage } from './transport.js';

/** Resolves when the events are in the log, durably. */
export type Recorder = (emissions: readonly Emission[]) => Promise<unknown>;

/** A message with the event that it is; undefined for one that is left out. */
export interface Received {
  readonly message: ReceivedMessage;
  readonly emission: Emission | undefined;
}

/** Records what was received: all of a batch by one statement, or one by one where one of them may not be recorded as it is. */
export class Recording {
  private readonly done = new WeakSet<readonly Received[]>();

  constructor(
    private readonly events: ReceivedEvents,
    private readonly write: Recorder,
  ) {}

  /** Rejects with what is no fault of the messages: then it is to be tried again. */
  async record(received: readonly Received[]): Promise<void> {
    const emissions = received.flatMap(({ emission }) => emission ?? []);
    try {
      if (emissions.length > 0) await this.write(emissions);
    } catch (error) {
      if (!isTheirs(error)) throw error;
      for (const one of received) await this.recordOne(one);
    }
    this.done.add(received);
  }

  isDone(received: readonly Received[]): boolean {
    return this.done.has(received);
  }

  private async recordOne({ message, emission }: Received): Promise<void> {
    if (!emission) return;
    const error = await this.refused(emission);
    if (!error) return;
    // Of a person who was forgotten, nothing is kept; and its bytes may be what is too much.
    const isKept = !(error instanceof ErasedSubjectError);
    if (!isKept || (await this.refused(this.events.quarantined(message, error))))
      await this.write([this.events.quarantined(message, error, false)]);
  }

  /** Why it may not be recorded; undefined where it is. */
  private async refused(emission: Emission): Promise<unknown> {
    try {
      await this.write([emission]);
      return undefined;
    } catch (error) {
      if (isTheirs(error)) return error;
      throw error;
    }
  }
}

/** A payload step that fails is somebody else's fault: its keys may be out of reach. */
const isTheirs = (error: unknown): boolean =>
  (error instanceof PayloadEncodingError && !(error instanceof PayloadStepError)) ||
  error instanceof PayloadTooLargeError ||
  error instanceof InvalidEventError ||
  error instanceof ErasedSubjectError;
