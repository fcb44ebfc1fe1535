import { EventSourcingError } from '../core/errors.js';

/** `forRoot` stands twice for one DataSource: two logs in the same tables, each with options of its own. */
export class DuplicateLogError extends EventSourcingError {
  readonly code = 'DUPLICATE_LOG';

  constructor(
    readonly dataSource: string,
    /** Where each was called: the line of its stack. */
    readonly places: readonly string[],
  ) {
    super(
      `EventSourcingModule.forRoot stands ${places.length} times for the DataSource "${dataSource}": ${places.join('; ')}. ` +
        'Expected one for each DataSource: keep one of them (it is global), or name another DataSource, forRoot({ dataSource }).',
    );
  }
}

/** The line on which this function was called. */
export function callerOf(called: Function): string {
  const trace: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(trace, called);
  Error.stackTraceLimit = limit;
  return trace.stack?.split('\n')[1]?.trim() ?? 'at an unknown place';
}

/** Throws `DuplicateLogError` where the DataSource has more than one of them. */
export function assertOneLog(
  dataSource: object,
  engines: readonly { dataSource: object; name: string; place: string }[],
): void {
  const own = engines.filter((engine) => engine.dataSource === dataSource);
  if (own.length > 1)
    throw new DuplicateLogError(
      own[0]!.name,
      own.map(({ place }) => place),
    );
}
