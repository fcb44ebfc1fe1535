import { EventSourcingError } from '../../../core/errors.js';

/** The sequence of positions gives some that events have. */
export class SequenceBehindError extends EventSourcingError {
  readonly code = 'SEQUENCE_BEHIND';

  constructor(readonly sequence: string) {
    super(
      `Expected the sequence ${sequence} to give positions above those of the log, but events have them already, as after a ` +
        'failover to a replica without sequences. Nothing of this append was recorded. Set it with setval() to the highest ' +
        'position in the table of events.',
    );
  }
}
