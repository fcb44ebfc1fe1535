/** Milliseconds. */
const EVERY = 10_000;

/** Does `work` and says every ten seconds, for as long as it lasts, how far it is. */
export async function withProgress<T>(
  say: (line: string) => void,
  line: () => string,
  work: () => Promise<T>,
  every = EVERY,
): Promise<T> {
  const timer = setInterval(() => say(line()), every);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
