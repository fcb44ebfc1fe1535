import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { describe } from '../core/describe.js';
import { type Duration, milliseconds, timerMilliseconds } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import type { Engine } from '../module/engine.js';
import { engineToken } from '../module/tokens.js';
import { healthFacts, type HealthLimits, problemsOf } from './health-facts.js';

export interface EventSourcingHealthOptions {
  /** Name of the DataSource in which the log lives. Default: the default one. */
  dataSource?: string;
  /** Down when a due delivery of this process's handlers has been waiting for longer. Default: no limit. */
  maxLag?: Duration;
  /** Down when more deliveries of this process's handlers are dead. Default: no limit, and they are not counted. */
  maxDead?: number;
  /** Down when the database has not answered by then. Default 3 s. */
  timeout?: Duration;
}

const WHERE = 'EventSourcingHealthIndicator.check';

/** Tells `@nestjs/terminus` whether events are being handled by this process. */
@Injectable()
export class EventSourcingHealthIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly moduleRef: ModuleRef,
  ) {}

  /**
   * Up when the database answers, this process's worker runs and its lease is held, and lag and dead deliveries are
   * within the limits. Throws `InvalidOptionError`, `UnknownOptionError`.
   */
  async check<const Key extends string>(
    key: Key,
    options: EventSourcingHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    assertKnownOptions(options, ['dataSource', 'maxLag', 'maxDead', 'timeout'], WHERE);
    const engine = this.moduleRef.get<Engine>(engineToken(options.dataSource), { strict: false });
    const limits = limitsOf(options, engine);
    const facts = await healthFacts(engine, limits);
    const problems = problemsOf(facts, limits);
    const session = this.indicators.check(key);
    return problems.length === 0
      ? session.up({ ...facts })
      : session.down({ ...facts, message: problems.join('. ') });
  }
}

function limitsOf(
  { maxLag, maxDead, timeout = '3s' }: EventSourcingHealthOptions,
  { options }: Engine,
): HealthLimits {
  if (maxDead !== undefined && !(Number.isInteger(maxDead) && maxDead >= 0))
    throw new InvalidOptionError('maxDead', 'a whole number, 0 or more', describe(maxDead), WHERE);
  return {
    timeout: timerMilliseconds(timeout, 'timeout', WHERE),
    lease: options.worker.lease,
    ...(maxLag === undefined ? {} : { maxLag: milliseconds(maxLag, 'maxLag', WHERE) }),
    ...(maxDead === undefined ? {} : { maxDead }),
  };
}
