import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import { Coalesced } from './coalesced.js';
import type { ControlConnection, ConnectionTenant } from './control-connection.js';
import type { Database } from './database.js';
import type { SendWithCommit } from './signals.js';
import type { Sql } from './sql.js';

/** Milliseconds between two messages, at least. */
const GAP = 5;
/** The same after one that could not be sent. */
const GAP_AFTER_FAILURE = 1000;
/** Milliseconds until a lost connection is opened again, then twice as long each time that fails. */
const FIRST_RETRY = 100;
const LONGEST_RETRY = 10_000;
/** Milliseconds that shutdown waits for the last message. */
const FLUSH_LIMIT = 1000;

export interface WakeUpParts {
  database: Database;
  control: ControlConnection;
  /** Handlers that may have something due; undefined when that is not known. */
  heard: (handlerIds: ReadonlySet<number> | undefined) => void;
  /** Nothing is heard from now on, because of this; tried again, and told of once until it works again. */
  deaf: (error: unknown) => void;
  hearing: () => void;
  /** Nothing can be told, because of this; told of once until it works again. */
  mute: (error: unknown) => void;
  /** Resolves when there is a point in connecting. */
  reachable?: () => Promise<void>;
  /** From 0 to 1. */
  random: () => number;
}

/**
 * Tells other processes that there is something to do, and is told by them. Messages go from the control connection
 * after the commit, never in the transaction that has something to tell: a NOTIFY there would make all commits wait for
 * each other. Any may get lost, so whoever listens looks from time to time all the same.
 */
export class WakeUp implements ConnectionTenant {
  private readonly telling = new Coalesced(
    () => this.send(),
    () => (this.failed ? GAP_AFTER_FAILURE : GAP),
  );
  private readonly toTell = new Set<number>();
  /** What is told with a commit that is under way. */
  private readonly withCommit = new WeakMap<QueryRunner, ReadonlySet<number>>();
  private tellAll = false;
  private failed = false;
  private listens = false;
  /** The listener on the connection that is open. */
  private current?: object;
  private state: 'off' | 'hearing' | 'deaf' = 'off';
  private retry?: NodeJS.Timeout;
  private readonly stopping = new AbortController();
  /** What is sent, and the connection, are no part of the request that recorded something. */
  private readonly inOwnContext = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;

  constructor(private readonly parts: WakeUpParts) {
    if (parts.database.dialect.signals) parts.control.accommodate(this);
  }

  /** Whether this process is told of what others record. */
  get isHearing(): boolean {
    return this.state === 'hearing';
  }

  /** Listens from now on, for as long as there is a database. */
  listen(): void {
    if (!this.parts.database.dialect.signals) return;
    this.listens = true;
    this.reopen(0);
  }

  /**
   * Others may have something due of these handlers once this runner has committed, which it is about to do: when it is
   * quiet, that is told in one message with the COMMIT, by `given` where the caller sends that. `committed` has to be called
   * then.
   */
  tellWithCommit(runner: QueryRunner, handlerIds: readonly number[], given?: SendWithCommit): void {
    this.withCommit.delete(runner);
    const { dialect, tables } = this.parts.database;
    const { longest = 0 } = dialect.signals ?? {};
    const send = given ?? dialect.signals?.sendWithCommit;
    const message = [...new Set(handlerIds)].join(',');
    if (!send || this.failed || message === '' || message.length > longest) return;
    if (this.stopping.signal.aborted || !this.telling.doneByCaller()) return;
    const failed = (error: unknown) => {
      this.withCommit.delete(runner);
      this.failedToTell(error);
    };
    if (send(runner, tables, message, failed)) this.withCommit.set(runner, new Set(handlerIds));
  }

  /** Tells what has not been told with the commit of this runner. */
  committed(runner: QueryRunner, handlerIds: readonly number[]): void {
    const told = this.withCommit.get(runner);
    this.withCommit.delete(runner);
    this.tell(told ? handlerIds.filter((id) => !told.has(id)) : handlerIds);
  }

  /** Others may have something due of these handlers, undefined for any. Returns at once. */
  tell(handlerIds?: Iterable<number>): void {
    if (!this.parts.database.dialect.signals || this.stopping.signal.aborted) return;
    for (const id of handlerIds ?? []) this.toTell.add(id);
    this.tellAll ||= handlerIds === undefined;
    if (this.tellAll || this.toTell.size > 0) this.inOwnContext(() => this.telling.request());
  }

  /** Sends what is still to be told, and listens no more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.retry);
    await Promise.race([this.telling.flush(), wait(FLUSH_LIMIT, undefined, { ref: false })]);
  }

  async opened(sql: Sql): Promise<boolean> {
    const { database, heard, hearing } = this.parts;
    if (!this.listens || this.stopping.signal.aborted) return false;
    const listener = {
      heard: (message: string) => heard(idsOf(message)),
      ended: () => this.ended(listener),
    };
    this.current = listener;
    try {
      await database.dialect.signals!.listen(sql, database.tables, listener);
    } catch (error) {
      this.ended(listener, error);
    }
    if (this.current !== listener) return false;
    if (this.state === 'deaf') hearing();
    this.state = 'hearing';
    // What was told before is lost.
    heard(undefined);
    return true;
  }

  closed(): void {
    if (this.current) this.ended(this.current);
  }

  private ended(listener: object, error: unknown = new Error('the connection ended')): void {
    if (this.current !== listener) return;
    this.current = undefined;
    this.turnDeaf(error);
    this.reopen(FIRST_RETRY);
  }

  private turnDeaf(error: unknown): void {
    if (this.stopping.signal.aborted) return;
    if (this.state !== 'deaf') this.parts.deaf(error);
    this.state = 'deaf';
  }

  /** Whoever uses the control connection opens it; this sees to it that somebody does. */
  private reopen(pause: number): void {
    if (this.retry || this.stopping.signal.aborted) return;
    this.retry = setTimeout(() => void this.open(later(pause)), pause * (1 - this.parts.random() / 2));
    this.retry.unref();
  }

  private async open(next: number): Promise<void> {
    await this.parts.reachable?.();
    if (this.stopping.signal.aborted) return;
    await this.parts.control.run(async () => undefined).catch((error: unknown) => this.turnDeaf(error));
    this.retry = undefined;
    if (!this.current) this.reopen(next);
  }

  private async send(): Promise<void> {
    const { control, database } = this.parts;
    const { send, longest } = database.dialect.signals!;
    const message = this.tellAll ? '' : [...this.toTell].join(',');
    this.tellAll = false;
    this.toTell.clear();
    const told = control.run((sql) => send(sql, database.tables, message.length > longest ? '' : message));
    await told.then(
      () => (this.failed = false),
      (error: unknown) => this.failedToTell(error),
    );
  }

  private failedToTell(error: unknown): void {
    if (!this.failed) this.parts.mute(error);
    this.failed = true;
  }
}

function later(pause: number): number {
  return Math.min(LONGEST_RETRY, Math.max(FIRST_RETRY, pause * 2));
}

function idsOf(message: string): ReadonlySet<number> | undefined {
  return message === '' ? undefined : new Set(message.split(',').map(Number));
}
