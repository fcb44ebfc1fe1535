import { setTimeout as wait } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type Duration, timerMilliseconds } from '../core/duration.js';
import { EventSourcingError } from '../core/errors.js';
import type { FollowerStatus } from '../followers/follower-status.js';
import type { Engine } from '../module/engine.js';
import { enginesOf } from '../module/lifecycle.js';

/** Milliseconds between two looks. */
const LOOK = 10;

export interface WhenCaughtUpOptions {
  /** Default 10 s. */
  timeout?: Duration;
}

/** Followers have not caught up by then, or will not do so by themselves. */
export class NotCaughtUpError extends EventSourcingError {
  readonly code = 'NOT_CAUGHT_UP';

  constructor(readonly followers: readonly FollowerStatus[]) {
    const list = followers.map(
      ({ name, state, position, lag, failure }) =>
        `- ${name} is ${state} at position ${position}, ${lag} behind${failure ? `: ${failure.error.split('\n')[0]}` : ''}`,
    );
    super(`${followers.length} followers have not caught up:\n${list.join('\n')}`);
  }
}

/**
 * Resolves when every follower of the application has passed all that is in the log, and what followers collect in turn; a new version
 * has taken the place of the one before, unless something keeps it from that. Where
 * `dispatch` is not `'background'`, it runs them. Throws `NotCaughtUpError` at the timeout, and as soon as one has stopped or is paused.
 */
export async function whenCaughtUp(
  app: INestApplicationContext,
  { timeout = '10s' }: WhenCaughtUpOptions = {},
): Promise<void> {
  const deadline = performance.now() + timerMilliseconds(timeout, 'timeout', 'whenCaughtUp');
  for (const engine of enginesOf(app.get(DiscoveryService, { strict: false })))
    while (!(await isCaughtUp(engine, deadline))) await wait(LOOK);
}

async function isCaughtUp({ parts, options }: Engine, deadline: number): Promise<boolean> {
  const { followers, followerSet } = parts;
  if (followerSet.size === 0) return true;
  if (options.dispatch !== 'background') await followers.runDue();
  const own = (await followers.list()).filter(({ name }) => followerSet.find(name));
  const behind = own.filter(
    ({ lag, rebuild, unreadable }) => unreadable || lag > 0 || (rebuild && rebuild.heldUpBy === undefined),
  );
  const isHopeless = behind.some(({ state }) => state === 'paused' || state === 'stopped');
  if (isHopeless || (behind.length > 0 && performance.now() > deadline)) throw new NotCaughtUpError(behind);
  return behind.length === 0;
}
