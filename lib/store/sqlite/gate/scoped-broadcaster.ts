import type { EntityMetadata } from 'typeorm';
import type { Gate } from './gate.js';
import type { SqliteRunner } from './sqlite-runner.js';

type Broadcaster = SqliteRunner['broadcaster'];
export type BroadcasterClass = new (runner: SqliteRunner) => Broadcaster;

/** `broadcast` itself is not among them: it calls one of these. */
const BROADCAST = /^broadcast(\w+)Event$/;

/**
 * TypeORM's class of broadcasters, whose subscribers and entity listeners work inside of the hold of the runner that they
 * are told of. Where nobody listens, as to most statements, no async context is entered: every statement is told of twice.
 */
export function scopedBroadcaster(Base: BroadcasterClass, gate: Gate): BroadcasterClass {
  class Scoped extends Base {}
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(Base.prototype))) {
    const event = BROADCAST.exec(name)?.[1];
    if (typeof value !== 'function' || event === undefined) continue;
    const hook = event === 'Load' ? 'afterLoad' : event[0]!.toLowerCase() + event.slice(1);
    const method = value as (...args: unknown[]) => unknown;
    const scoped = function (this: { queryRunner: SqliteRunner }, ...args: unknown[]): unknown {
      const { queryRunner } = this;
      if (!isListenedTo(hook, queryRunner, args[1])) return method.apply(this, args);
      return gate.inside(queryRunner, () => method.apply(this, args));
    };
    Object.defineProperty(Scoped.prototype, name, { value: scoped, writable: true, configurable: true });
  }
  return Scoped;
}

/** By a subscriber, whatever it listens to, or by the entity; `about` is its metadata where the event is of one. */
function isListenedTo(hook: string, { dataSource }: SqliteRunner, about: unknown): boolean {
  const listeners = (about as EntityMetadata | undefined)?.[`${hook}Listeners` as 'afterLoadListeners'];
  if (Array.isArray(listeners) && listeners.length > 0) return true;
  return dataSource.subscribers.some((subscriber) => hook in subscriber);
}
