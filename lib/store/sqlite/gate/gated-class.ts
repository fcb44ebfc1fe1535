import { GATED, type GatedRunner } from './gated-runner.js';
import type { SqliteDriver, SqliteRunner } from './sqlite-runner.js';

export type RunnerClass = new (driver: SqliteDriver) => SqliteRunner;

/** Puts the gate before a runner; `base` has the runner's own methods. */
type Gating = (runner: SqliteRunner, base: SqliteRunner) => GatedRunner;

/** TypeORM's class of query runners with the gate in front of its methods. */
export function gatedClass(
  Base: RunnerClass,
  gating: Gating,
): { make: RunnerClass; adopt(runner: SqliteRunner): void } {
  const base = Base.prototype as SqliteRunner;
  const gated = new WeakMap<SqliteRunner, GatedRunner>();
  class Gated extends Base {
    constructor(driver: SqliteDriver) {
      super(driver);
      gated.set(this, gating(this, base));
    }
  }
  for (const name of GATED) {
    const value = function (this: SqliteRunner, ...args: unknown[]): unknown {
      const runner = gated.get(this)!;
      return Reflect.apply(runner[name], runner, args);
    };
    Object.defineProperty(Gated.prototype, name, { value, writable: true, configurable: true });
  }
  const adopt = (runner: SqliteRunner) => {
    Object.setPrototypeOf(runner, Gated.prototype);
    gated.set(runner, gating(runner, base));
  };
  return { make: Gated, adopt };
}
