/** Gives what is there already to whoever asks first, and makes it again for everybody after: each may change what it was given. */
export function firstThenAgain<T>(first: T, again: () => T): () => T {
  let given: { value: T } | undefined = { value: first };
  return () => {
    if (!given) return again();
    const { value } = given;
    given = undefined;
    return value;
  };
}
