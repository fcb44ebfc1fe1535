const DEEPEST = 10;

/** The error and what caused it, outermost first; causes that go round in a circle are cut off. Never throws. */
export function causesOf(error: unknown): unknown[] {
  const causes = [error];
  for (let next = causeOf(error); next !== undefined && causes.length < DEEPEST; next = causeOf(next)) {
    causes.push(next);
  }
  return causes;
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined;
  } catch {
    return undefined;
  }
}
