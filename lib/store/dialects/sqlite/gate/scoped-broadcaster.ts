import type { Gate } from './gate.js';
import type { SqliteRunner } from './sqlite-runner.js';

type Broadcaster = SqliteRunner['broadcaster'];
export type BroadcasterClass = new (runner: SqliteRunner) => Broadcaster;

/**
 * TypeORM's class of broadcasters, whose subscribers and entity listeners work inside of the hold of the runner that they
 * are told of.
 */
export function scopedBroadcaster(Base: BroadcasterClass, gate: Gate): BroadcasterClass {
  class Scoped extends Base {}
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(Base.prototype))) {
    if (typeof value !== 'function' || name === 'constructor') continue;
    const method = value as (...args: unknown[]) => unknown;
    const scoped = function (this: { queryRunner: SqliteRunner }, ...args: unknown[]): unknown {
      return gate.inside(this.queryRunner, () => method.apply(this, args));
    };
    Object.defineProperty(Scoped.prototype, name, { value: scoped, writable: true, configurable: true });
  }
  return Scoped;
}
