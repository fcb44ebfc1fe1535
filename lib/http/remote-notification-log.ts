import { EventSourcingError } from '../core/errors.js';
import type { RecordedEvent } from '../core/event.js';
import { type Duration, timerMilliseconds } from '../core/duration.js';
import { errorLine } from '../core/error-text.js';
import type {
  NotificationPage,
  Notifications,
  NotificationSection,
  NotificationSelection,
} from '../core/notification-log.js';
import type { EntityPort } from '../payload/entity-port.js';
import { PayloadCodec } from '../payload/payload-codec.js';
import type { PayloadType } from '../payload/payload-type.js';
import {
  checkedAnswer,
  placeIn,
  type RemoteAnswer,
  RemoteAnswerError,
  RemoteUnreachableError,
} from './remote-answer.js';
import { underFirstAborted } from '../runtime/first-aborted.js';

/** Events in one answer of which the other side has not said how many it gives. */
const USUAL = 10;

/** What a function that makes headers is told. */
export interface RemoteHeadersContext {
  /** The other side has just refused the last headers with 401: a token is to be renewed. */
  readonly refused: boolean;
}

type Headers = Readonly<Record<string, string>>;

export interface RemoteNotificationLogOptions {
  /**
   * Sent with each request, such as what a guard asks for; or a function that makes them for each, which may be asynchronous. After an
   * answer with 401 it is called again, once, with `refused: true`. Default: none.
   */
  headers?: Headers | ((context: RemoteHeadersContext) => Headers | Promise<Headers>);
  /** How long an answer may take, its body included. Default `'10s'`. */
  timeout?: Duration;
  /** The application's own types of data, as in the option `payload.types`. */
  types?: readonly PayloadType[];
  /** Default: that of Node. */
  fetch?: typeof fetch;
}

/** The other side answered that it will not, or cannot. */
export class RemoteNotificationLogError extends EventSourcingError {
  readonly code: string;

  constructor(
    readonly url: string,
    /** Of the answer. */
    readonly status: number,
    /** As the other side said. */
    code: string | undefined,
    message: string,
  ) {
    super(`${url} answered with ${status}: expected events. ${message}`);
    this.code = code ?? 'REMOTE_NOTIFICATION_LOG';
  }
}

/** Entities are the other application's: of a reference nothing can be made here. */
const NO_ENTITIES: EntityPort = {
  reference: () => undefined,
  isEntity: () => false,
  snapshot: () => ({ entity: '', columns: {} }),
  restore: ({ columns }) => columns,
};

/** Reads the notification log of another application over HTTP. References to its entities arrive as null. */
export function remoteNotificationLog(
  url: string,
  options: RemoteNotificationLogOptions = {},
): Notifications {
  return new RemoteNotificationLog(url.replace(/\/+$/, ''), options);
}

class RemoteNotificationLog implements Notifications {
  private readonly codec: PayloadCodec;
  private readonly timeout: number;
  /** Events that the other side gives in one answer, where it has said so. */
  private most = USUAL;

  constructor(
    private readonly url: string,
    private readonly options: RemoteNotificationLogOptions,
  ) {
    this.timeout = timerMilliseconds(options.timeout ?? '10s', 'timeout', 'remoteNotificationLog');
    this.codec = new PayloadCodec({ entities: NO_ENTITIES, types: options.types ?? [] });
  }

  async select(selection: NotificationSelection = {}): Promise<RecordedEvent[]> {
    if (selection.groups?.length === 0) return [];
    const { items } = await this.asked(selection);
    return Promise.all(items.map((item) => this.event(item)));
  }

  /** Throws `RemoteUnreachableError`, `RemoteNotificationLogError` and `RemoteAnswerError`. */
  async page(
    selection: NotificationSelection = {},
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<NotificationPage> {
    const { after = 0, until = Infinity } = selection;
    const answer = await this.asked(
      { ...selection, limit: Math.min(selection.limit ?? USUAL, this.most) },
      signal,
    );
    const [reached, decided] = [
      placeIn(this.url, 'reached', answer.reached),
      placeIn(this.url, 'decided', answer.decided),
    ];
    if (Number.isSafeInteger(answer.most) && (answer.most as number) > 0) this.most = answer.most as number;
    const last = answer.items.at(-1)?.position ?? after;
    if (reached < last || reached > Math.max(after, until))
      throw new RemoteAnswerError(this.url, `"reached" from ${last} to ${until}`, String(reached));
    return { items: await Promise.all(answer.items.map((item) => this.event(item))), reached, decided };
  }

  async section(
    id: string,
    { application }: Pick<NotificationSelection, 'application'> = {},
  ): Promise<NotificationSection> {
    const query = application === undefined ? '' : `?application=${encodeURIComponent(application)}`;
    const section = (await this.ask(`/${encodeURIComponent(id)}${query}`)) as NotificationSection;
    return { ...section, items: await Promise.all(section.items.map((item) => this.event(item))) };
  }

  private asked({ groups, ...others }: NotificationSelection, signal?: AbortSignal): Promise<RemoteAnswer> {
    const given = Object.entries(others).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
    for (const group of groups ?? []) query.append('groups', group);
    return this.ask(`?${query.toString()}`, others.after, signal);
  }

  private async ask(path: string, after?: number, signal?: AbortSignal): Promise<RemoteAnswer> {
    const url = this.url + path;
    let [response, text] = await this.sent(url, false, signal);
    if (response.status === 401 && typeof this.options.headers === 'function')
      [response, text] = await this.sent(url, true, signal);
    const body = parsed(text);
    if (response.ok) return checkedAnswer(url, body ?? text, after);
    const { code, message } = (body ?? {}) as { code?: string; message?: string };
    throw new RemoteNotificationLogError(url, response.status, code, message ?? '');
  }

  private async sent(url: string, refused: boolean, signal?: AbortSignal): Promise<[Response, string]> {
    const { headers = {}, fetch: ask = fetch } = this.options;
    const timeout = AbortSignal.timeout(this.timeout);
    try {
      const made = typeof headers === 'function' ? await headers({ refused }) : headers;
      return await underFirstAborted(signal ? [signal, timeout] : [timeout], async (either) => {
        const response = await ask(url, { headers: made, signal: either });
        return [response, await response.text()];
      });
    } catch (error) {
      const reason = timeout.aborted ? `there was no answer within ${this.timeout} ms` : reasonOf(error);
      throw new RemoteUnreachableError(url, reason, error);
    }
  }

  /** As the other side has it: what JSON does not know is marked in the data. */
  private async event({ data, occurredAt, recordedAt, ...event }: RecordedEvent): Promise<RecordedEvent> {
    const text = data === undefined ? null : JSON.stringify(data);
    const decoded = await this.codec.decode({ text, bytes: null, encoding: 'json' }, async (references) =>
      references.map(() => null),
    );
    return Object.freeze({
      ...event,
      data: decoded,
      metadata: Object.freeze(event.metadata),
      occurredAt: new Date(occurredAt),
      recordedAt: new Date(recordedAt),
    });
  }
}

/** Undefined for what is no JSON object. */
function parsed(text: string): object | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

/** `fetch` says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  const { cause = error } = (error ?? {}) as { cause?: unknown };
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  const told = [code, message].filter((one) => typeof one === 'string' && one !== '');
  return told.length > 0 ? told.join(', ') : errorLine(cause);
}
