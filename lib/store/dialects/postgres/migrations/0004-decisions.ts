import type { Tables } from '../../../ports/tables.js';
import { createDecisionFunctions, dropDecisionFunctions } from '../decision-functions.js';

/** Buckets of tags are advisory locks: there is nothing to store. */
export function decisions(t: Tables): string[] {
  return createDecisionFunctions(t);
}

export function dropDecisions(t: Tables): string[] {
  return dropDecisionFunctions(t);
}
