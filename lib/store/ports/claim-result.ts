import type { ClaimedDelivery } from './rows.js';

/** What came of a claim. It consists of several statements, each of which may fail beside the others. */
export interface ClaimResult {
  claimed: ClaimedDelivery[];
  /** Of the statements that failed. What became of those nobody knows: an answer may have got lost after its commit. */
  failures: readonly unknown[];
}
