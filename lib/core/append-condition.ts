import { describe } from './describe.js';
import { InvalidOptionError } from './errors.js';
import type { QueryItem } from './event-query.js';

/**
 * That nothing was appended which matches what was read: made by a reading of the log, `log.read({ tags })`, for
 * `EventLog.append` and `AggregateRepository.save`. It holds for the log that was read.
 */
export class AppendCondition {
  /** @internal */
  constructor(
    readonly items: readonly QueryItem[],
    /** What matches up to this position was seen: nothing can appear there any more. */
    readonly settled: number,
    /** The positions above it that were seen. */
    readonly seen: readonly number[],
  ) {
    Object.freeze(this);
  }
}

/** Throws `InvalidOptionError` for what is neither a condition nor left out. */
export function assertCondition(
  condition: unknown,
  where: string,
): asserts condition is AppendCondition | undefined {
  if (condition === undefined || condition instanceof AppendCondition) return;
  const expected = 'the condition of a reading, as log.read({ tags }) has it';
  throw new InvalidOptionError('condition', expected, describe(condition), where);
}
