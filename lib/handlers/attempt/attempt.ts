import type { EntityManager } from 'typeorm';
import type { RecordedEvent } from '../../core/event.js';
import { type EventEvolution, evolved } from '../../core/event-evolution.js';
import { type EventTypes, RefusedDataError } from '../../core/event-types.js';
import type { Telemetry } from '../../core/telemetry.js';
import type { EntityLoader } from '../../payload/entity-port.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import { Cancellation } from '../../runtime/cancellation.js';
import { loggerOf } from '../../runtime/logging.js';
import type { CommitHub } from '../../store/commits/commit-hub.js';
import { emissionContext } from '../../store/commits/emission-context.js';
import type { EventStream } from '../../store/commits/event-stream.js';
import { recordedEvent } from '../../store/log/recorded-event.js';
import type { DeliveryId } from '../../store/ports/delivery-ids.js';
import { attemptOf, type ClaimedDelivery, SUSPECT_RESCUES } from '../../store/ports/rows.js';
import type { Run } from '../claims/runs.js';
import { LeaseLostError, ProcessDiedError } from '../errors.js';
import { AttemptContext } from '../handler-context.js';
import type { Handler } from '../handler-set.js';
import { OK, Timed } from './abortable.js';
import { errorLine, errorText } from '../../core/error-text.js';
import { inTransaction, type TransactionParts } from './in-transaction.js';
import { mark, type MarkingParts, markInTheEnd, nameOf } from './marking.js';
import type { Promoter } from './promoter.js';
import { decide, NotAccepted, type Outcome, resultOf, type Settlement } from './settlement.js';

/** What the attempts of one process share. */
export interface AttemptParts extends TransactionParts, MarkingParts {
  codec: PayloadCodec;
  types: Pick<EventTypes, 'has' | 'restore'>;
  evolution: EventEvolution;
  /** Loads what events refer to, for handlers that are in no transaction. */
  loaderOf: (handler: Handler) => EntityLoader;
  telemetry: Telemetry;
  stream: EventStream;
  commits: Pick<CommitHub, 'shown'>;
  /** Makes due what waited for the first attempt at a delivery. */
  promoter: Pick<Promoter, 'after'>;
  /** Told of the handler of each delivery that is settled: what waited for it in its order key may be claimed. */
  settled: (handlerId: number) => unknown;
  /** Told when retries ran out and the delivery was buried. */
  exhausted: () => void;
  /** Whether the lease of this worker id may be another's by now. */
  hasLapsed: (workerId: number) => boolean;
  random: () => number;
}

/** Deliveries of the same event that have become due as one was settled: none nearly always. */
export type Promoted = readonly DeliveryId[];

type Decided = (settlement: Settlement) => void;

const NONE: Promoted = [];
const logger = loggerOf('EventHandlers');

/**
 * One start of one delivery's handler, and what becomes of the delivery by that. The methods stand in the order in which
 * they are passed. They call back, since a promise costs about as much as a quick handler.
 */
export class Attempt implements Run {
  /** What the handler was given, once it was. */
  private given?: RecordedEvent;

  constructor(
    readonly delivery: ClaimedDelivery,
    readonly handler: Handler,
    readonly workerId: number,
    private readonly parts: AttemptParts,
    readonly cancellation = new Cancellation(),
  ) {}

  /** Calls back when the handler has ended, and when its delivery is settled; neither before this has returned. */
  run(ended: () => void, settled: (promoted: Promoted) => void): void {
    const work = (decided: Decided) => this.perform((outcome) => decided(this.decide(outcome)));
    this.watched(work, (settlement) => {
      ended();
      this.mark(settlement, (held) => this.report(settlement, held, settled));
    });
  }

  private watched(work: (decided: Decided) => void, decided: Decided): void {
    const { handler, delivery, parts } = this;
    if (!parts.telemetry.enabled) return work(decided);
    const { group, key, position, metadata } = delivery.event;
    const start = { handler: handler.name, group, key, position, attempt: attemptOf(delivery), metadata };
    void parts.telemetry.handle(start, () => new Promise(work), resultOf).then(decided);
  }

  private perform(ended: (outcome: Outcome) => void): void {
    const { delivery, handler, cancellation, parts } = this;
    if (delivery.rescues > SUSPECT_RESCUES && delivery.failures > handler.retry.maxRetries) {
      const error = new ProcessDiedError(delivery.rescues);
      return queueMicrotask(() => ended({ ok: false, error }));
    }
    if (handler.transactional) {
      const done = inTransaction(this, parts, (loader, manager) => this.start(loader, manager));
      return void done.then(
        () => ended(OK),
        (error: unknown) => ended({ ok: false, error }),
      );
    }
    const loader: EntityLoader = (references) => parts.loaderOf(handler)(references);
    const { manager } = parts.database.dataSource;
    new Timed(handler, cancellation, ended).begin(() => this.start(loader, manager));
  }

  /** Waits only for what has to be waited for. */
  private start(loader: EntityLoader, manager: EntityManager): unknown {
    const data = this.restore(loader, manager.queryRunner);
    return data instanceof Promise
      ? data.then((restored) => this.call(restored, manager))
      : this.call(data, manager);
  }

  /** The event's data, or a promise of it. */
  private restore(loader: EntityLoader, runner: EntityManager['queryRunner']): unknown {
    const { codec, types, evolution } = this.parts;
    const { event } = this.delivery;
    const { payload, payloadBytes, encoding, group } = event;
    const stored = { text: payload, bytes: payloadBytes, encoding };
    const { missingEntity } = this.handler;
    const decoded = codec.decoded(stored, loader, { missingEntity, owner: event, runner });
    const data = evolved(evolution, event, decoded);
    return types.has(group) ? this.accepted(group, data) : data;
  }

  /** What an event's class does not accept any more comes to no handler. */
  private async accepted(group: string, data: unknown): Promise<unknown> {
    const decoded = await data;
    try {
      return await this.parts.types.restore(group, decoded);
    } catch (error) {
      throw error instanceof RefusedDataError ? new NotAccepted(error) : error;
    }
  }

  /** What the handler emits names its cause. */
  private call(data: unknown, manager: EntityManager): unknown {
    const { handler, delivery, cancellation, parts } = this;
    if (parts.hasLapsed(this.workerId)) cancellation.abort(new LeaseLostError());
    cancellation.throwIfAborted();
    const event = recordedEvent(delivery.event, delivery.event.position, data);
    this.given = event;
    const context = new AttemptContext(handler.name, attemptOf(delivery), manager, cancellation);
    return emissionContext.run({ key: event.key, correlationId: event.metadata.correlationId }, () =>
      handler.call(event, context),
    );
  }

  private decide(outcome: Outcome): Settlement {
    const { retry, transactional } = this.handler;
    const { failures } = this.delivery;
    const endedBy = this.cancellation.reason;
    return decide(outcome, { retry, transactional, failures, endedBy, random: this.parts.random });
  }

  /** Calls back with whether the worker held the delivery still. */
  private mark(settlement: Settlement, marked: (held: boolean) => void): void {
    this.logFailure(settlement);
    const failed = (error: unknown) => void markInTheEnd(this, settlement, this.parts, error).then(marked);
    const { queue } = this.parts;
    if (settlement.kind === 'complete') queue.acknowledge(this.workerId, this.delivery, marked, failed);
    else mark(this, settlement, queue).then(marked, failed);
  }

  private report(settlement: Settlement, held: boolean, settled: (promoted: Promoted) => void): void {
    const { delivery, parts } = this;
    const { handlerId, position, event } = delivery;
    if (held) this.tell(settlement);
    else logger.warn(`${nameOf(this)}: its lease was lost, the result does not count`);
    if (held && settlement.kind === 'bury') parts.exhausted();
    parts.settled(handlerId);
    const isFirst = held && delivery.starts === 0;
    const promoted = isFirst && parts.promoter.after({ handlerId, position, group: event.group });
    if (promoted) void promoted.then(settled);
    else settled(NONE);
  }

  /** Tells those who watch of a result that counts. */
  private tell(settlement: Settlement): void {
    const { handler, delivery, parts } = this;
    const { event } = delivery;
    const result = resultOf(settlement);
    if (parts.telemetry.enabled) parts.telemetry.settled(handler.name, event.group, result.outcome);
    // A claim may come before the read that proves the commit.
    parts.commits.shown(event);
    if (!parts.stream.isWatched) return;
    const given = this.given ?? recordedEvent(event, event.position, undefined);
    const attempt = attemptOf(delivery);
    parts.stream.tell({ type: 'handled', event: given, handler: handler.name, attempt, ...result });
  }

  private logFailure(settlement: Settlement): void {
    const { failures } = this.delivery;
    if (settlement.kind === 'release' && settlement.error !== undefined)
      logger.warn(`${nameOf(this)} could not start, tried again: ${errorLine(settlement.error)}`);
    if (settlement.kind === 'retry') {
      const seconds = (settlement.delay / 1000).toFixed(1);
      const tries = `attempt ${failures + 1} of ${this.handler.retry.maxRetries + 1}`;
      logger.warn(`${nameOf(this)} failed (${tries}), again in ${seconds} s: ${errorLine(settlement.error)}`);
    } else if (settlement.kind === 'bury') {
      logger.error(`${nameOf(this)} is dead after attempt ${failures + 1}: ${errorText(settlement.error)}`);
    }
  }
}
