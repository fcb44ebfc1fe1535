const SHOWN_AT_EACH_END = 10;
const SHOWN_OF_A_KEY = 60;

/** The way from `data` to a value: property names, array indexes, and types whose stored form is entered. */
export type PathSegment = string | number | { readonly type: string };

/** `data.items[3].price`, `data["odd key"]`, `data.scores<Map>[0][1]`; the middle of a long way is left out. */
export function formatPath(segments: readonly PathSegment[]): string {
  if (segments.length <= 2 * SHOWN_AT_EACH_END) return `data${segments.map(formatSegment).join('')}`;
  const start = segments.slice(0, SHOWN_AT_EACH_END).map(formatSegment).join('');
  const end = segments.slice(-SHOWN_AT_EACH_END).map(formatSegment).join('');
  return `data${start} … ${end}`;
}

function formatSegment(segment: PathSegment): string {
  if (typeof segment === 'number') return `[${segment}]`;
  if (typeof segment === 'object') return `<${segment.type}>`;
  if (segment.length > SHOWN_OF_A_KEY) return `[${JSON.stringify(`${segment.slice(0, SHOWN_OF_A_KEY)}…`)}]`;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
}
