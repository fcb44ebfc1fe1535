import type { QueryRunner } from 'typeorm';
import type { Answer } from '../../../ports/sql.js';
import { GATED, type GatedRunner } from './gated-runner.js';
import type { SqliteDriver, SqliteRunner } from './sqlite-runner.js';

export type RunnerClass = new (driver: SqliteDriver) => SqliteRunner;

/** Puts the gate before a runner; `base` has the runner's own methods. */
type Gating = (runner: SqliteRunner, base: SqliteRunner) => GatedRunner;

/** Where a runner has its gate. */
const GATE = Symbol('gate');
type Gated = SqliteRunner & { [GATE]: GatedRunner };

/** A statement past TypeORM, and not past the gate; through TypeORM where there is no gate. */
export function sendThroughGate(
  runner: QueryRunner,
  statement: string,
  parameters: unknown[],
): Promise<Answer> {
  const gated = (runner as unknown as Partial<Gated>)[GATE];
  return gated ? gated.send(statement, parameters) : runner.query(statement, parameters, true);
}

/** TypeORM's class of query runners with the gate in front of its methods. */
export function gatedClass(
  Base: RunnerClass,
  gating: Gating,
): { make: RunnerClass; adopt(runner: SqliteRunner): void } {
  const base = Base.prototype as SqliteRunner;
  class GatedBase extends Base {
    constructor(driver: SqliteDriver) {
      super(driver);
      (this as unknown as Gated)[GATE] = gating(this, base);
    }
  }
  for (const name of GATED) {
    const value = function (this: Gated, ...args: unknown[]): unknown {
      const runner = this[GATE];
      return Reflect.apply(runner[name], runner, args);
    };
    Object.defineProperty(GatedBase.prototype, name, { value, writable: true, configurable: true });
  }
  const adopt = (runner: SqliteRunner) => {
    Object.setPrototypeOf(runner, GatedBase.prototype);
    (runner as Gated)[GATE] = gating(runner, base);
  };
  return { make: GatedBase, adopt };
}
