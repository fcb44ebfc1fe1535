/** The library's tables by what the store calls them, and what their names are behind the prefix. */
const NAMES = {
  event: 'event',
  tag: 'event_tag',
  delivery: 'delivery',
  finished: 'delivery_finished',
  handler: 'handler',
  pattern: 'handler_pattern',
  worker: 'worker',
  workerRelease: 'worker_release',
  state: 'state',
  lease: 'lease',
  rescan: 'rescan',
  rescanRequest: 'rescan_request',
  snapshot: 'snapshot',
  subjectKey: 'subject_key',
  forgetting: 'forgetting',
  follower: 'follower',
  followerPosition: 'follower_position',
  followerEvent: 'follower_event',
  followerActive: 'follower_active',
  followerLane: 'follower_lane',
  migration: 'migration',
} as const;

type TableName = keyof typeof NAMES;
export const TABLE_NAMES = Object.keys(NAMES) as TableName[];

/** The library's tables, quoted and qualified for one DataSource. */
export interface Tables extends Record<TableName, string> {
  /** Qualifies any further name of the product's: sequences, indexes, tables of one database only. */
  name(suffix: string): string;
  /** A name of the product's without schema and quotes, for index names and error messages. */
  plain(suffix: string): string;
}

export const DEFAULT_PREFIX = 'once_';

export interface TableNaming {
  /** Default `once_`. */
  prefix: string;
  /** PostgreSQL only; default the DataSource's `schema`, or else the connection's own. */
  schemaName?: string;
}

export function tablesOf({ prefix, schemaName }: TableNaming, quote: (name: string) => string): Tables {
  const plain = (suffix: string) => `${prefix}${suffix}`;
  const name = (suffix: string) => (schemaName ? `${quote(schemaName)}.` : '') + quote(plain(suffix));
  const all = TABLE_NAMES.map((table) => [table, name(NAMES[table])]);
  return { ...(Object.fromEntries(all) as Record<TableName, string>), name, plain };
}
