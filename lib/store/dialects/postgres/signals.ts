import type { Signals } from '../../ports/signals.js';
import { listen, riding, send } from './listener.js';

/** LISTEN and NOTIFY. */
export const signals: Signals = {
  // The pool of `pg` closes what has been idle for ten seconds, and with it the LISTEN.
  keepOpen: { idleTimeoutMillis: 0 },
  longest: 7999,
  send,
  riding,
  listen,
};
