import { setTimeout as wait } from 'node:timers/promises';
import type { Journal } from './journal.js';
import { HOLD } from './plan.js';
import type { ChaosSetup } from './setup.js';

export interface HoldingParts {
  setup: ChaosSetup;
  journal: Journal;
  random: () => number;
}

/** Holds the caller's transaction open for a while, with that probability and where slow writers are among the faults. */
export async function holdAtTimes(share: number, { setup, journal, random }: HoldingParts): Promise<void> {
  if (!setup.faults.includes('slow-writer') || random() > share) return;
  journal.note({ what: 'made', fault: 'slow-writer' });
  const [shortest, longest] = HOLD[setup.address.name === 'sqlite' ? 'oneWriter' : 'manyWriters'];
  await wait(shortest + random() * (longest - shortest));
}
