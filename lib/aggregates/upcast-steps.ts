import { InvalidAggregateError, EventVersionError } from './errors.js';
import type { UpcastStep } from './aggregate-type.decorator.js';

/** What brings data of one version to the next, by the version from which it does. */
export type Steps = ReadonlyMap<number, (data: unknown) => unknown>;

/** Throws `InvalidAggregateError` where two bring data from one version to the next. */
export function stepsOf(type: Function, notes: readonly UpcastStep[]): Steps {
  const steps = new Map<number, (data: unknown) => unknown>();
  for (const { from, method } of notes) {
    const label = `${type.name}.${method}`;
    if (!Number.isSafeInteger(from) || from < 1)
      throw new InvalidAggregateError(label, `expected a version of 1 or more, got ${from}.`);
    if (steps.has(from))
      throw new InvalidAggregateError(label, `another method goes from version ${from} to the next, too.`);
    const own = (type as unknown as Record<string, (data: unknown) => unknown>)[method];
    if (typeof own !== 'function')
      throw new InvalidAggregateError(label, 'expected it to be a static method.');
    steps.set(from, (data) => own.call(type, data));
  }
  return steps;
}

/** Data as the code knows it, of data in this version. Throws `EventVersionError`, and what a step throws. */
export function upcast(what: string, data: unknown, version: number, known: number, steps: Steps): unknown {
  if (version > known) throw new EventVersionError(what, version, known);
  let current = data;
  for (let from = version; from < known; from++) {
    const step = steps.get(from);
    if (!step) throw new EventVersionError(what, version, known, from);
    current = step(current);
  }
  return current;
}
