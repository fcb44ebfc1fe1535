import { nearest } from '../core/options/known-options.js';
import type { Handler } from '../handlers/handler-set.js';
import type { ResolvedOptions } from './options.js';

/** What a process says of itself when it starts. */
export interface Started {
  name: string;
  /** TypeORM's name of the database's type. */
  database: string;
  options: Pick<ResolvedOptions, 'prefix' | 'schema' | 'dispatch' | 'rescan'>;
  handlers: readonly string[];
  sources: readonly string[];
}

/** Of a process with hundreds of handlers, the first are named. */
const NAMED = 20;

export function summaryOf({ name, database, options, handlers, sources }: Started): string {
  const { prefix, schema, dispatch, rescan } = options;
  const schedule =
    rescan && rescan.cron !== undefined ? `re-scan at "${rescan.cron}"` : 'no scheduled re-scan';
  return (
    `Event log of DataSource "${name}" (${database}, tables ${prefix}…, schema '${schema}'): dispatch '${dispatch}', ` +
    `${counted(handlers, 'handler')}, ${counted(sources, 'source')}, ${schedule}.`
  );
}

function counted(names: readonly string[], what: string): string {
  const unique = [...new Set(names)];
  const some = unique.slice(0, NAMED).join(', ');
  const more = unique.length > NAMED ? ', …' : '';
  return `${unique.length} ${what}${unique.length === 1 ? '' : 's'}${some && ` (${some}${more})`}`;
}

/**
 * Handlers on a name that no event class has, though classes of the same application are registered. Patterns with a `*`
 * and names of other applications may be of events without a class.
 */
export function unmatchedNames(
  handlers: readonly Pick<Handler, 'name' | 'registration'>[],
  known: readonly string[],
): string[] {
  const apps = new Set(known.map(appOf));
  return handlers.flatMap(({ name, registration }) =>
    registration.patterns
      .filter((pattern) => typeof pattern === 'string')
      .filter((pattern) => !pattern.includes('*') && apps.has(appOf(pattern)) && !known.includes(pattern))
      .map((pattern) => {
        const near = nearest(pattern, known);
        const hint = near ? ` Did you mean "${near}"?` : '';
        return `Handler "${name}" takes "${pattern}", which is the name of no registered event class.${hint}`;
      }),
  );
}

/** What a name has before its first dot; a group without one is no class's. */
function appOf(name: string): string {
  return name.includes('.') ? name.slice(0, name.indexOf('.') + 1) : name;
}
