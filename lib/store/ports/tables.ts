/** The product's tables, quoted and qualified for one DataSource. */
export interface Tables {
  event: string;
  tag: string;
  delivery: string;
  finished: string;
  handler: string;
  pattern: string;
  worker: string;
  state: string;
  lease: string;
  rescan: string;
  rescanRequest: string;
  migration: string;
  /** Qualifies any further name of the product's: sequences, indexes, tables of one database only. */
  name(suffix: string): string;
  /** The same without schema and quotes, for index names and error messages. */
  plain(suffix: string): string;
}

export const DEFAULT_PREFIX = 'once_';

export interface TableNaming {
  /** Default `once_`. */
  prefix: string;
  /** PostgreSQL only; default the connection's own. */
  schemaName?: string;
}

export function tablesOf({ prefix, schemaName }: TableNaming, quote: (name: string) => string): Tables {
  const plain = (suffix: string) => `${prefix}${suffix}`;
  const name = (suffix: string) => (schemaName ? `${quote(schemaName)}.` : '') + quote(plain(suffix));
  return {
    event: name('event'),
    tag: name('event_tag'),
    delivery: name('delivery'),
    finished: name('delivery_finished'),
    handler: name('handler'),
    pattern: name('handler_pattern'),
    worker: name('worker'),
    state: name('state'),
    lease: name('lease'),
    rescan: name('rescan'),
    rescanRequest: name('rescan_request'),
    migration: name('migration'),
    name,
    plain,
  };
}
