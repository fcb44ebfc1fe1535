import type { DatabaseAddress } from '../../support/data-source-options.js';

/** What a process of the application is given, as JSON. */
export interface ChaosSetup {
  /** Unique among all processes of a run. */
  name: string;
  role: 'produce' | 'work';
  address: DatabaseAddress;
  /** The file that it writes what happens to. */
  journal: string;
  seed: number;
  poolSize: number;
  /** Whether handlers run in it, as they do in every worker. */
  handles: boolean;
  /** The version of the first follower that it has. */
  version: number;
  /** Whether its host's clock jumps. */
  jumpingClock: boolean;
  /** Which of the faults that the application makes itself it makes. */
  faults: readonly string[];
}
