import { alarm } from './alarm.js';
import type { Page } from './page.js';
import { retryDelay } from './retry-delay.js';

/** When the next request is due: after failures in a row ever later, and what is set aside at times of its own. */
export interface Pace {
  /** Whether the server has asked not to be asked for now. */
  heldOff(): boolean;
  /** Whether the last request brought something about. */
  isWell(): boolean;
  /** An event waits: in so many milliseconds at the latest, unless a failure's waiting time goes on. */
  soon(milliseconds: number): void;
  /** Requests are sent now. */
  begun(): void;
  succeeded(): void;
  /** What was set aside before says nothing of the others. */
  failed(retryAfter: number, wasAside: boolean): void;
  setAside(retryAfter: number): void;
  /** Nothing is set aside any more. */
  recalled(): void;
}

/** @param ring is told whether it is the turn of what is set aside */
export function pace(page: Page, ring: (isRound: boolean) => void): Pace {
  let failures = 0;
  let rounds = 0;
  let notBefore = 0;
  const ringing = (isRound: boolean) => () => {
    // Over, by a clock that nobody sets back.
    notBefore = 0;
    ring(isRound);
  };
  const next = alarm(page, ringing(false));
  const nextRound = alarm(page, ringing(true));
  const delay = (count: number, retryAfter: number) => retryDelay(count, retryAfter, Math.random());

  return {
    heldOff: () => Date.now() < notBefore,
    isWell: () => failures === 0,
    soon: next.atLatest,
    begun: next.clear,
    succeeded: () => (failures = 0),
    failed: (retryAfter, wasAside) => {
      failures = wasAside ? failures || 1 : failures + 1;
      notBefore = Date.now() + retryAfter;
      next.set(delay(failures, retryAfter));
    },
    setAside: (retryAfter) => nextRound.set(delay(++rounds, retryAfter)),
    recalled: () => {
      rounds = 0;
      nextRound.clear();
    },
  };
}
