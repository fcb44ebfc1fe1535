import { isErased } from '../core/personal.js';

const MAX_DEPTH = 20;

/** Where in the data something stands for what was forgotten: names with dots between them. */
export function erasedPaths(data: object, path = '', depth = 0): string[] {
  if (depth > MAX_DEPTH) return [];
  return Object.entries(data).flatMap(([name, value]: [string, unknown]) => {
    const at = path === '' ? name : `${path}.${name}`;
    if (isErased(value)) return [at];
    return typeof value === 'object' && value !== null ? erasedPaths(value, at, depth + 1) : [];
  });
}
