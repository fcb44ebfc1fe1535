import { EventSourcingError } from '../../core/errors.js';

/** A line of an archive is not what an export writes. Of it, and of what was read with it, nothing was imported. */
export class InvalidArchiveError extends EventSourcingError {
  readonly code = 'INVALID_ARCHIVE';

  constructor(
    /** 1 for the first. */
    readonly line: number,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(
      `Line ${line} of the archive: expected ${expected}, got ${actual}. Of this line and what stands shortly before it nothing was ` +
        'imported; what was imported before stays. Mend the file and import it again: what is there already is left out.',
    );
  }
}
