import { EventSourcingError } from '../core/errors.js';

/** A class that cannot be a follower: named, with the reason. */
export class InvalidFollowerError extends EventSourcingError {
  readonly code: string = 'INVALID_FOLLOWER';

  constructor(
    /** `Class` or `Class.method`. */
    readonly follower: string,
    readonly reason: string,
  ) {
    super(`@Follower of ${follower}: ${reason}`);
  }
}

/** Two followers of one name and version: their positions could not be told apart. */
export class DuplicateFollowerError extends InvalidFollowerError {
  override readonly code = 'DUPLICATE_FOLLOWER';

  constructor(
    follower: string,
    readonly other: string,
    readonly followerName: string,
  ) {
    super(
      follower,
      `its name "${followerName}" is that of ${other} already. Names are unique among all followers of a DataSource: give one of ` +
        "them another, @Follower('…').",
    );
  }
}

/** Followers were named that are not known. */
export class UnknownFollowerError extends EventSourcingError {
  readonly code = 'UNKNOWN_FOLLOWER';

  constructor(
    readonly unknown: readonly string[],
    readonly known: readonly string[],
  ) {
    super(
      `Unknown followers selected: ${unknown.join(', ')}. The known followers are: ${known.join(', ') || 'none'}.`,
    );
  }
}

/** An upstream was named of which the follower has taken nothing. */
export class UnknownUpstreamError extends EventSourcingError {
  readonly code = 'UNKNOWN_UPSTREAM';

  constructor(
    readonly follower: string,
    readonly upstream: string,
    readonly known: readonly string[],
  ) {
    const names = known.map((name) => (name === '' ? "'' (events of no application)" : name)).join(', ');
    super(`Unknown upstream selected: ${upstream}. The known upstreams of ${follower} are: ${names}.`);
  }
}

/** The follower has something that a reset would leave behind, and no method that removes it. */
export class FollowerNotResettableError extends EventSourcingError {
  readonly code = 'FOLLOWER_NOT_RESETTABLE';

  constructor(
    readonly follower: string,
    reason: string,
  ) {
    super(`Follower ${follower} was not reset: ${reason}`);
  }
}

/** The follower had not come to the position by then. */
export class FollowerTimeoutError extends EventSourcingError {
  readonly code = 'FOLLOWER_TIMEOUT';

  constructor(
    readonly follower: string,
    /** That was waited for. */
    readonly position: number,
    /** To which the follower has come. */
    readonly reached: number,
    /** Milliseconds. */
    readonly timeout: number,
    state: string,
  ) {
    super(
      `Follower ${follower} did not come to position ${position} within ${timeout} ms: it is ${state} at ${reached}. ` +
        'Wait for longer, { timeout }, or see followers.status(name).',
    );
  }
}

/** A position, or an event, that cannot be skipped or moved to. */
export class FollowerPositionError extends EventSourcingError {
  readonly code = 'FOLLOWER_POSITION';

  constructor(
    readonly follower: string,
    readonly position: number,
    reason: string,
  ) {
    super(`Follower ${follower}, position ${position}: ${reason}`);
  }
}

/** Something was collected that can be recorded with no pass. */
export class CollectingError extends EventSourcingError {
  readonly code = 'COLLECTING';

  constructor(follower: string, reason: string) {
    super(
      `Follower ${follower} collected something that cannot be recorded: ${reason} Nothing was recorded.`,
    );
  }
}

/** Processes died so often in the pass of this event that its attempts are used up. */
export class FollowerProcessDiedError extends EventSourcingError {
  readonly code = 'FOLLOWER_PROCESS_DIED';

  constructor(
    readonly follower: string,
    readonly position: number,
  ) {
    super(
      `The process in which follower ${follower} handled the event at position ${position} died again and again.`,
    );
  }
}

/** A pass was ended because the application shuts down: it is run again later. */
export class FollowerShutdownError extends EventSourcingError {
  readonly code = 'FOLLOWER_SHUTDOWN';

  constructor() {
    super('The application is shutting down: what this pass has done is rolled back, and done again later.');
  }
}

/** The methods of a follower ran longer for one event than its timeout: the attempt counts as failed. */
export class FollowerMethodTimeoutError extends EventSourcingError {
  readonly code = 'FOLLOWER_METHOD_TIMEOUT';

  constructor(
    readonly follower: string,
    readonly position: number,
    /** Milliseconds. */
    readonly timeout: number,
  ) {
    super(
      `Follower ${follower} did not end with the event at position ${position} within ${timeout} ms. Make it faster, heed ` +
        'context.signal, or give it a longer timeout: @Follower(name, { timeout }).',
    );
  }
}

/** A version of a follower that cannot be forgotten. Nothing was changed. */
export class FollowerVersionError extends EventSourcingError {
  readonly code = 'FOLLOWER_VERSION';

  constructor(
    readonly follower: string,
    readonly version: number,
    reason: string,
    readonly known: readonly number[],
  ) {
    super(
      `Version ${version} of follower ${follower} was not forgotten: ${reason}. Its versions are: ${known.join(', ')}.`,
    );
  }
}

/** A version of a follower did not become the active one; readers look at the one that was. */
export class FollowerRebuildError extends EventSourcingError {
  readonly code = 'FOLLOWER_REBUILD';

  constructor(
    readonly follower: string,
    readonly version: number,
    /** To which it has come. */
    readonly position: number,
    readonly reason: string,
    cause?: unknown,
  ) {
    super(
      `Version ${version} of follower ${follower} did not become the active one: ${reason}. It has come to position ${position}, and goes on ` +
        'there when it is rebuilt again.',
      cause === undefined ? undefined : { cause },
    );
  }
}

/** What a method of a projection returned cannot be written: the event fails, and nothing is. */
export class ProjectionError extends EventSourcingError {
  readonly code = 'PROJECTION';

  constructor(
    /** `Class.method`. */
    readonly method: string,
    reason: string,
  ) {
    super(`@Projection, ${method}: ${reason}`);
  }
}

/** The log of another application cannot be read now. That is no failure of an event: its followers wait. */
export class UpstreamUnreadableError extends EventSourcingError {
  readonly code: string = 'UPSTREAM_UNREADABLE';

  constructor(
    readonly upstream: string,
    cause: unknown,
    reason = messageOf(cause),
  ) {
    super(`Upstream ${upstream} cannot be read: ${reason}`, { cause });
  }
}

/** The log of another application ends before the place to which a follower of it has come. */
export class UpstreamBehindError extends UpstreamUnreadableError {
  override readonly code = 'UPSTREAM_BEHIND';

  constructor(
    upstream: string,
    /** To which the follower has come, or which it wants to read. */
    readonly position: number,
    /** Up to where the log is decided. */
    readonly decided: number,
  ) {
    super(
      upstream,
      undefined,
      `expected it to be decided up to position ${position} or further, since a follower was there, got ${decided}. Where it was made anew, or ` +
        'restored from a backup, positions mean other events now: give it another name in upstreams, and its followers other names. Followers ' +
        'that collect nothing can be reset instead: followers.reset(name).',
    );
  }
}

/** A follower follows another log than it did under the same name, where positions mean other events. Nothing was changed. */
export class FollowerLogChangedError extends EventSourcingError {
  readonly code = 'FOLLOWER_LOG_CHANGED';

  constructor(
    readonly follower: string,
    before: string | undefined,
    now: string | undefined,
  ) {
    const told = (from: string | undefined) =>
      from === undefined ? "the application's own log" : `upstream ${from}`;
    super(
      `Follower ${follower} has followed ${told(before)} until now, and its option from says ${told(now)}. Positions of one log mean nothing in ` +
        'another: give the follower another name, or say from as before.',
    );
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
