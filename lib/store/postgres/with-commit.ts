import type { QueryRunner } from 'typeorm';

type Query = (statement: string, ...rest: unknown[]) => Promise<unknown>;

/** What goes to the server in one message with a COMMIT; none of it takes parameters. */
interface Parts {
  /** Before it, in the transaction: where this fails, nothing is committed. */
  before?: string;
  /** Behind it, as a transaction of its own. */
  after?: string;
  /** Where this returns true for an error, the transaction has committed all the same. */
  hasCommitted?: (error: unknown) => boolean;
}

interface Message extends Parts {
  readonly query: Query;
}

const messages = new WeakMap<QueryRunner, Message>();

/**
 * Sends more in one message with the COMMIT that the runner sends next. False where somebody else has replaced the runner's
 * `query`. A ROLLBACK drops it.
 */
export function sendWithCommit(runner: QueryRunner, parts: Parts): boolean {
  const message = messages.get(runner) ?? begin(runner);
  if (runner.query !== message?.query) return false;
  Object.assign(message, parts);
  return true;
}

function begin(runner: QueryRunner): Message | undefined {
  if (Object.hasOwn(runner, 'query')) return undefined;
  const query = runner.query.bind(runner) as Query;
  const replaced: Query = async (statement, ...rest) => {
    if (statement !== 'COMMIT' && statement !== 'ROLLBACK') return query(statement, ...rest);
    if (runner.query === replaced) Reflect.deleteProperty(runner, 'query');
    messages.delete(runner);
    return statement === 'COMMIT' ? commit(query, message) : query(statement, ...rest);
  };
  const message: Message = { query: replaced };
  messages.set(runner, message);
  Reflect.set(runner, 'query', replaced);
  return message;
}

async function commit(query: Query, { before, after, hasCommitted }: Message): Promise<void> {
  const statements = [before, 'COMMIT', after].filter((statement) => statement !== undefined);
  try {
    await query(statements.join('; '));
  } catch (error) {
    if (!hasCommitted?.(error)) throw error;
  }
}
