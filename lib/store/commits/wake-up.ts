import { AsyncLocalStorage } from 'node:async_hooks';
import { Coalesced } from '../../runtime/coalesced.js';
import { settledWithin } from '../../runtime/deadline.js';
import type { ControlConnection, ConnectionTenant } from '../db/control-connection.js';
import type { Database } from '../db/database.js';
import { type Channel, type Messages, PooledConnectionError } from '../ports/signals.js';
import type { Sql } from '../ports/sql.js';

/** Milliseconds between two messages, at least. */
export const GAP_OF_MESSAGES = 5;
/** Milliseconds after a message that could not be sent. */
const GAP_AFTER_FAILURE = 1000;
/** Milliseconds until a lost connection is opened again, then twice as long each time that fails. */
const FIRST_RETRY = 100;
const LONGEST_RETRY = 10_000;
/** Milliseconds that shutdown waits for the last message. */
const FLUSH_LIMIT = 1000;

/** What others are told of. */
export interface News {
  /** Handlers that may have something due: one id or more for each; undefined where any may. */
  handlerIds: Iterable<number> | undefined;
  /** Groups of which events were committed. Default: none. */
  groups?: Iterable<string>;
}

export interface WakeUpParts {
  database: Database;
  control: ControlConnection;
  /** Handlers that may have something due; undefined when that is not known. */
  heard: (handlerIds: ReadonlySet<number> | undefined) => void;
  /** Groups of which another process has committed events; undefined when that is not known. */
  elsewhere: (groups: ReadonlySet<string> | undefined) => void;
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
    () => (this.failed ? GAP_AFTER_FAILURE : GAP_OF_MESSAGES),
  );
  private readonly handlerIds = new Set<number>();
  private readonly groups = new Set<string>();
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

  /** Whether it should be told, and is not. */
  get isDeaf(): boolean {
    return this.state === 'deaf';
  }

  /** Listens from now on, for as long as there is a database. */
  listen(): void {
    if (!this.parts.database.dialect.signals) return;
    this.listens = true;
    this.reopen(0);
  }

  /** The messages that tell it, for a statement that is sent now; undefined where it is to be told later. */
  ride(news: News): Messages | undefined {
    if (!this.tellsOthers || this.stopping.signal.aborted || !this.telling.take()) return undefined;
    this.note(news);
    return this.messages();
  }

  /** Returns at once. */
  tell(news: News): void {
    if (!this.tellsOthers || this.stopping.signal.aborted) return;
    this.note(news);
    if (this.tellAll || this.handlerIds.size + this.groups.size > 0)
      this.inOwnContext(() => this.telling.request());
  }

  private note({ handlerIds, groups = [] }: News): void {
    for (const id of handlerIds ?? []) this.handlerIds.add(id);
    for (const group of groups) this.groups.add(group);
    this.tellAll ||= handlerIds === undefined;
  }

  /** Whether the database carries messages. */
  get tellsOthers(): boolean {
    return this.parts.database.dialect.signals !== undefined;
  }

  /** Sends what is still to be told, and listens no more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.retry);
    await settledWithin(this.telling.flush(), FLUSH_LIMIT);
  }

  async opened(sql: Sql): Promise<boolean> {
    const { database, heard, elsewhere, hearing } = this.parts;
    if (!this.listens || this.stopping.signal.aborted) return false;
    const listener = {
      heard: (channel: Channel, message: string) => this.heard(channel, message),
      ended: () => this.ended(listener),
    };
    this.current = listener;
    try {
      await database.dialect.signals!.listen(sql, database.tables, listener, (work) => database.run(work));
    } catch (error) {
      if (error instanceof PooledConnectionError) return this.cannotHear(error);
      this.ended(listener, error);
    }
    if (this.current !== listener) return false;
    if (this.state === 'deaf') hearing();
    this.state = 'hearing';
    // What was told before is lost.
    heard(undefined);
    elsewhere(undefined);
    return true;
  }

  /** Trying again would not help; another connection may. */
  private cannotHear(error: PooledConnectionError): true {
    this.turnDeaf(error);
    return true;
  }

  private heard(channel: Channel, message: string): void {
    if (channel === 'wake_up') this.parts.heard(idsOf(message));
    else this.parts.elsewhere(groupsOf(message));
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
    const messages = this.messages();
    const told = control.run((sql) => database.dialect.signals!.send(sql, database.tables, messages));
    await told.then(
      () => (this.failed = false),
      (error: unknown) => this.failedToTell(error),
    );
  }

  /** What is to be told now; an empty message stands for all. */
  private messages(): Messages {
    const { longest } = this.parts.database.dialect.signals!;
    const fitting = (message: string) => (Buffer.byteLength(message) > longest ? '' : message);
    const messages = new Map<Channel, string>();
    if (this.tellAll) messages.set('wake_up', '');
    else if (this.handlerIds.size > 0) messages.set('wake_up', fitting([...this.handlerIds].join(',')));
    if (this.groups.size > 0) messages.set('committed', fitting(JSON.stringify([...this.groups])));
    this.tellAll = false;
    this.handlerIds.clear();
    this.groups.clear();
    return messages;
  }

  private failedToTell(error: unknown): void {
    if (!this.failed) this.parts.mute(error);
    this.failed = true;
  }
}

function later(pause: number): number {
  return Math.min(LONGEST_RETRY, Math.max(FIRST_RETRY, pause * 2));
}

/** Whoever has the right to may send anything: what is no list stands for all. */
function groupsOf(message: string): ReadonlySet<string> | undefined {
  try {
    return new Set(JSON.parse(message) as string[]);
  } catch {
    return undefined;
  }
}

function idsOf(message: string): ReadonlySet<number> | undefined {
  return message === '' ? undefined : new Set(message.split(',').map(Number));
}
