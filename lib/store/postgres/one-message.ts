import type { Row } from '../sql.js';
import type { Client, NamedStatement } from './named-statement.js';

/** As `pg` has it, the base of its own statements; what begins with `_` too has been so throughout its version 8. */
interface Query {
  callback: (error: Error | null) => void;
  portal: string;
  on(event: 'row', listener: (row: Row) => void): void;
  handleCommandComplete(message: { text: string }, connection: Connection): void;
  _getRows(connection: Connection, rows?: number): void;
}
interface QueryClass {
  readonly prototype: Query;
  new (statement: NamedStatement): Query;
}

interface Connection {
  parse(message: { text: string; name: string }): void;
  bind(message: object): void;
  execute(message: { portal: string }): void;
  sync(): void;
}

interface Outcome {
  /** What they returned. */
  rows: readonly Row[];
  /** The commands that have been done, as the server names them. */
  completed: readonly string[];
  /** Why the next one after these, and those behind it, were not. */
  error?: Error;
}

type Several = Query & { readonly completed: string[]; others: readonly string[] };
type SeveralClass = new (statement: NamedStatement) => Several;

const classes = new WeakMap<QueryClass, SeveralClass>();

/** Whether this client sends statements as `pg` itself does. */
export function canSendSeveral(client: Client): boolean {
  const { prototype } = queryClass(client) ?? {};
  return typeof prototype?._getRows === 'function';
}

/**
 * Sends a statement, and others without parameters behind it, before it waits for any answer. The server does them one
 * after the other, and none after one that fails. Never rejects.
 */
export function runInOneMessage(
  client: Client,
  statement: NamedStatement,
  others: readonly string[],
): Promise<Outcome> {
  const query = new (severalOf(queryClass(client)!))(statement);
  query.others = others;
  const rows: Row[] = [];
  query.on('row', (row) => rows.push(row));
  return new Promise((resolve) => {
    query.callback = (error) => resolve({ rows, completed: query.completed, ...(error ? { error } : {}) });
    void client.query(query as never);
  });
}

function queryClass(client: Client): QueryClass | undefined {
  return (client.constructor as unknown as { Query?: QueryClass }).Query;
}

function severalOf(Base: QueryClass): SeveralClass {
  const known = classes.get(Base);
  if (known) return known;
  /** One of the driver's statements, which sends others before it asks for the answer. */
  class SeveralStatements extends Base {
    readonly completed: string[] = [];
    others: readonly string[] = [];

    override _getRows(connection: Connection): void {
      connection.execute({ portal: this.portal });
      for (const text of this.others) {
        connection.parse({ text, name: '' });
        connection.bind({});
        connection.execute({ portal: '' });
      }
      connection.sync();
    }

    override handleCommandComplete(message: { text: string }, connection: Connection): void {
      this.completed.push(message.text);
      super.handleCommandComplete(message, connection);
    }
  }
  classes.set(Base, SeveralStatements);
  return SeveralStatements;
}
