const DEEPEST = 10;

/** The error and what caused it, outermost first; causes that go round in a circle are cut off. */
export function causesOf(error: unknown): unknown[] {
  const causes = [error];
  for (let last = error; last instanceof Error && last.cause !== undefined && causes.length < DEEPEST;) {
    last = last.cause;
    causes.push(last);
  }
  return causes;
}
