import type { OwnLogger } from '../runtime/logging.js';
import { Polling } from '../runtime/polling.js';
import { Outlook } from '../store/views/outlook.js';
import { ClockSteps } from '../store/upkeep/clock-steps.js';
import { WakeUp } from '../store/commits/wake-up.js';
import type { HandlingParts } from './handling-parts.js';
import type { LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** How a process gets to know that there is something to do: it looks, and it is told. */
export interface LookoutParts {
  outlook: Outlook;
  clockSteps: ClockSteps;
  polling: Polling;
  wakeUp: WakeUp;
}

/** What the lookout is for. */
export interface OnDuty {
  readonly logger: Pick<OwnLogger, 'log' | 'warn'>;
  /** Of this process's handlers, without those that are paused. */
  readonly handlerIds: readonly number[];
  wake(): void;
}

export function composeLookout(
  { database, lasting, control, commits }: LogParts,
  { connectivity, worker }: HandlingParts,
  { worker: { pollInterval } }: ResolvedOptions,
  duty: OnDuty,
): LookoutParts {
  const outlook = new Outlook(lasting);
  const meanwhile = `new work is found by looking every ${pollInterval} ms meanwhile`;
  let complained = false;
  // That the database is away was said once for all.
  const complain = (what: string, error: unknown) =>
    connectivity.unlessLost(() => {
      complained = true;
      duty.logger.warn(`${what} failed, ${meanwhile}: ${String(error)}`);
    });
  const hearing = () => {
    if (complained) duty.logger.log('Listening to other processes works again');
    complained = false;
  };
  const wakeUp = new WakeUp({
    database,
    control,
    heard: (ids) => {
      if (!ids || duty.handlerIds.some((id) => ids.has(id))) duty.wake();
    },
    elsewhere: (groups) => commits.elsewhere(groups),
    deaf: (error) => complain('Listening to other processes', error),
    hearing,
    mute: (error) => complain('Telling other processes', error),
    reachable: () => connectivity.reachable(),
    random: Math.random,
  });
  const polling = new Polling({
    interval: pollInterval,
    isTold: () => wakeUp.isHearing,
    look: () => outlook.nextDue(duty.handlerIds),
    hasRoom: () => worker.hasRoom,
    wake: () => duty.wake(),
  });
  return { outlook, polling, wakeUp, clockSteps: new ClockSteps(lasting) };
}
