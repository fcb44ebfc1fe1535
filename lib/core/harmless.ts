/**
 * Calls what belongs to the application and has no say in what goes on here: a callback, a hook, a logger. What it throws,
 * or its promise is rejected with, is told to `failed`; what that throws is told to nobody.
 */
export function harmless<T>(call: () => T, failed: (error: unknown) => void): T | undefined {
  try {
    const result = call();
    if (result instanceof Promise) result.catch((error: unknown) => tell(failed, error));
    return result;
  } catch (error) {
    tell(failed, error);
    return undefined;
  }
}

function tell(failed: (error: unknown) => void, error: unknown): void {
  try {
    failed(error);
  } catch {
    // Nobody is left to be told.
  }
}
