import { type Tables, tablesOf } from '../../ports/tables.js';

/** Stands for the schema of the log's tables until the function is created. */
const SCHEMA = 'schema of the log';

/**
 * The function stands in the schema of the log's tables and names them by it, so that the `search_path` of whoever calls it
 * makes no difference; a `SET search_path` of the function would cost each call.
 */
export function inSchemaOfLog(t: Tables, create: (t: Tables) => string): string {
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const placed = tablesOf({ prefix: t.plain(''), schemaName: SCHEMA }, quote);
  return `DO $make$
DECLARE home text;
BEGIN
  SELECT quote_ident(n.nspname) INTO home FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass($name$${t.event}$name$);
  EXECUTE replace($create$${create(placed)}$create$, '${quote(SCHEMA)}', home);
END $make$`;
}
