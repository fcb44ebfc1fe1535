import type { QueryRunner } from 'typeorm';

const BEGIN = 'START TRANSACTION';
/** What the server answers a BEGIN with that has been parsed, bound and executed. */
const ANSWERS = new Set(['parseComplete', 'bindComplete', 'commandComplete']);

/** As `pg` has it. */
interface Client {
  readonly connection?: Connection;
  readonly pipeline?: boolean;
}

/** What a query sends itself by, and is answered by; each statement begins with one of the first three. */
interface Connection {
  query(text: string): void;
  parse(statement: { text: string; name?: string }): void;
  bind(portal: object): void;
  execute(portal: object): void;
  emit(event: string, message?: Answer): boolean;
}

interface Answer {
  name?: string;
  text?: string;
  status?: string;
  /** In the text of the message, from 1. */
  position?: string;
}

const postponed = new WeakMap<Connection, PostponedBegin>();

/**
 * Has the START TRANSACTION that the runner sends next go in one message with the statement behind it, whichever that is
 * and whoever sends it: a round trip less. Nothing is sent to begin with, and the server holds no transaction open while a
 * handler does something else first. If the beginning fails the statement is not carried out.
 */
export async function postponeBegin(runner: QueryRunner): Promise<void> {
  const { connection, pipeline } = (await runner.connect()) as Client;
  if (!connection?.parse || pipeline) return;
  let begin = postponed.get(connection);
  if (!begin) postponed.set(connection, (begin = new PostponedBegin(connection)));
  begin.expect();
}

/** Stands between a client of `pg` and its connection for as long as that lasts. */
class PostponedBegin {
  /** The next statement is to be withheld when it is a BEGIN. */
  private expected = false;
  private withheld = false;
  /** Answers to the BEGIN that are still to come, which nobody waits for. */
  private answers = 0;
  /** How far the text of the client's statement was moved. */
  private moved = 0;
  private readonly send: Connection;

  constructor(connection: Connection) {
    const { query, parse, bind, execute, emit } = connection;
    this.send = {
      query: query.bind(connection),
      parse: parse.bind(connection),
      bind: bind.bind(connection),
      execute: execute.bind(connection),
      emit: emit.bind(connection),
    };
    Object.assign(connection, {
      query: (text: string) => this.query(text),
      parse: (statement: Parameters<Connection['parse']>[0]) => {
        this.begin();
        this.send.parse(statement);
      },
      bind: (portal: object) => {
        this.begin();
        this.send.bind(portal);
      },
      emit: (event: string, message?: Answer) => this.answered(event, message),
    });
  }

  expect(): void {
    this.expected = true;
  }

  /** In one text, so that a failure of the BEGIN is the end of it. */
  private query(text: string): void {
    if (this.expected && text === BEGIN) return this.withhold();
    this.expected = false;
    if (!this.withheld) return this.send.query(text);
    this.withheld = false;
    this.answers = 1;
    this.moved = BEGIN.length + 2;
    this.send.query(`${BEGIN}; ${text}`);
  }

  private withhold(): void {
    this.expected = false;
    this.withheld = true;
    this.send.emit('commandComplete', { name: 'commandComplete', text: BEGIN });
    this.send.emit('readyForQuery', { name: 'readyForQuery', status: 'T' });
  }

  /** Before a statement with parameters: without the Sync behind which the server would go on after a failure. */
  private begin(): void {
    this.expected = false;
    if (!this.withheld) return;
    this.withheld = false;
    this.answers = ANSWERS.size;
    this.send.parse({ text: BEGIN });
    this.send.bind({});
    this.send.execute({});
  }

  private answered(event: string, message?: Answer): boolean {
    if (this.answers > 0 && ANSWERS.has(event)) {
      this.answers--;
      return true;
    }
    if (event === 'errorMessage') this.failed(message);
    if (event === 'readyForQuery') this.moved = 0;
    return this.send.emit(event, message);
  }

  /** An error of syntax in one text comes before the BEGIN: the next statement still has to begin the transaction. */
  private failed(message?: Answer): void {
    if (this.answers > 0) this.withheld = true;
    this.answers = 0;
    if (message?.position && this.moved > 0) message.position = String(Number(message.position) - this.moved);
    this.moved = 0;
  }
}
