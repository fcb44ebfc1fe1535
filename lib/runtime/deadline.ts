/** An answer did not come in time. */
export class NoAnswerError extends Error {
  constructor(
    /** Milliseconds. */
    readonly limit: number,
  ) {
    super(`no answer within ${Math.round(limit)} ms`);
    this.name = 'NoAnswerError';
  }
}

/** What the promise resolves with; rejects with `NoAnswerError` after `limit` milliseconds, and what it is for goes on. */
export async function within<T>(limit: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswerError(limit)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the promise resolves within `limit` milliseconds. Rejects where it does. */
export async function settledWithin(promise: Promise<unknown>, limit: number): Promise<boolean> {
  const settled = promise.then(() => true);
  return within(limit, settled).catch((error: unknown) => {
    if (error instanceof NoAnswerError) return false;
    throw error;
  });
}

/** A time until which somebody waits, whatever was waited for before. */
export class Deadline {
  private readonly at: number;

  /** In so many milliseconds. */
  constructor(limit: number) {
    this.at = performance.now() + limit;
  }

  /** Milliseconds; 0 when it is over. */
  get left(): number {
    return Math.max(0, this.at - performance.now());
  }
}
