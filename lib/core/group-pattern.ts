/**
 * Which event groups a handler takes: a RegExp is searched anywhere in the group, a string has to match the whole of
 * it, with `*` standing for any run of characters, dots and none included.
 */
export type GroupPattern = RegExp | string;

/** A pattern as it is stored in the handler registry, so that processes without the handler's code can match it. */
export interface StoredPattern {
  source: string;
  flags: string;
}

/** The pattern as a RegExp without state: `g` and `y` would make `test` depend on the call before. */
export function compilePattern(pattern: GroupPattern): RegExp {
  if (typeof pattern !== 'string') return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  const escaped = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[^]*')}$`);
}

export function storePattern(pattern: GroupPattern): StoredPattern {
  const { source, flags } = compilePattern(pattern);
  return { source, flags };
}

export function restorePattern({ source, flags }: StoredPattern): RegExp {
  return new RegExp(source, flags);
}
