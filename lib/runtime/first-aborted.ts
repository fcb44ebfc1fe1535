/**
 * Does the work under a signal that is aborted when one of these is. `AbortSignal.any` would leave something of each call on a
 * signal that lives as long as the process.
 */
export async function underFirstAborted<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const aborts = signals.map((signal) => [signal, () => own.abort(signal.reason)] as const);
  for (const [signal, abort] of aborts) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  try {
    return await work(own.signal);
  } finally {
    for (const [signal, abort] of aborts) signal.removeEventListener('abort', abort);
  }
}
