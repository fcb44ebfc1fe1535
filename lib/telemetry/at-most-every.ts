/** `read`, asked again only when its last answer is older than `interval` milliseconds; a failure is not kept. */
export function atMostEvery<T>(
  interval: number,
  read: () => Promise<T>,
  now: () => number = () => performance.now(),
): () => Promise<T> {
  let last: { at: number; answer: Promise<T> } | undefined;
  return () => {
    if (last && now() - last.at < interval) return last.answer;
    const asked = { at: now(), answer: read() };
    last = asked;
    asked.answer.catch(() => {
      if (last === asked) last = undefined;
    });
    return asked.answer;
  };
}
