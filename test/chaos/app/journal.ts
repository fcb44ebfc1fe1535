import { openSync, writeSync } from 'node:fs';

/** What a process notes about itself. */
export type JournalEntry =
  /** A handler was given an event, a transactional one too. */
  | { what: 'handed'; handler: string; key: string; position: number }
  /** The log's stream said that this was recorded. */
  | { what: 'told'; key: string; position: number }
  | { what: 'start'; run: number; handler: string; key: string; attempt: number }
  | { what: 'end'; run: number; outcome: 'ok' | 'failed' }
  /** The engine ended the run, whatever the handler goes on to do. */
  | { what: 'aborted'; run: number; reason: string }
  /** A fault that the application makes itself, or has. */
  | { what: 'made'; fault: string }
  /** The event loop stood still since `from`. */
  | { what: 'still'; from: number }
  /** A save of aggregates has told that this mark was recorded, and as which event where it returns that. */
  | { what: 'marked'; mark: string; key?: string | undefined; position?: number | undefined }
  /** A save of aggregates has told that nothing of it was recorded. */
  | { what: 'refused'; mark: string }
  /** A decision has told that this was recorded. */
  | { what: 'decided'; key: string }
  /** It was refused, or rolled back. */
  | { what: 'undecided'; key: string }
  | { what: 'lease lost' }
  | { what: 'unhandled'; text: string }
  | { what: 'log'; text: string };

export type TimedEntry = JournalEntry & { at: number };

/** Milliseconds by the monotonic clock that all processes of the machine share, whatever is done to `Date`. */
export function machineTime(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/**
 * A file to which each entry is written before the call returns: what was noted before a SIGKILL is there, which could be
 * said neither of a message to the parent nor of a row in a database that may be away.
 */
export class Journal {
  private readonly file: number;
  private runs = 0;

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  note(entry: JournalEntry): void {
    writeSync(this.file, `${JSON.stringify({ at: machineTime(), ...entry })}\n`);
  }

  /** A number for a start of a handler that is about to be noted. */
  nextRun(): number {
    return ++this.runs;
  }
}
