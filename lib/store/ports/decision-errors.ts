import { EventSourcingError } from '../../core/errors.js';

/** Nothing was appended: what the decision was made of is not all there is any more, or others held its tags for too long. */
export class DecisionConflictError extends EventSourcingError {
  readonly code = 'DECISION_CONFLICT';

  constructor(
    /** `changed`: events that match were appended meanwhile. `locked`: other transactions held the tags. */
    readonly reason: 'changed' | 'locked',
    /** Where `reason` is `changed`: the positions of the events that match and were not read. */
    readonly positions: readonly number[] = [],
    options?: ErrorOptions,
  ) {
    super(
      `${said(reason, positions, options?.cause !== undefined)} Read again, and decide on what is there.`,
      options,
    );
  }
}

function said(reason: 'changed' | 'locked', positions: readonly number[], isCaused: boolean): string {
  if (reason === 'changed') {
    const which = `position${positions.length === 1 ? '' : 's'} ${positions.slice(0, 5).join(', ')}`;
    return `Expected nothing that matches to be appended since the log was read, but there are ${positions.length} more events (${which}). Nothing was recorded.`;
  }
  const end = isCaused ? ' The database may have ended the transaction: begin it again.' : '';
  return `Expected to have the tags of the decision for a moment, but other transactions held them for longer than it waits. Nothing was recorded.${end}`;
}

/** A condition was given in a transaction that cannot see what others have committed meanwhile. */
export class DecisionIsolationError extends EventSourcingError {
  readonly code = 'DECISION_ISOLATION';

  constructor() {
    super(
      'A decision was to be recorded in a transaction above READ COMMITTED, which does not see what others have committed since ' +
        "it began. Nothing was recorded. Begin the transaction with dataSource.transaction('READ COMMITTED', …), or give no " +
        'manager: then the decision is a transaction of its own.',
    );
  }
}
