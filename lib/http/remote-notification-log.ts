import { EventSourcingError } from '../core/errors.js';
import type { RecordedEvent } from '../core/event.js';
import type { Notifications, NotificationSection, NotificationSelection } from '../core/notification-log.js';
import type { EntityPort } from '../payload/entity-port.js';
import { PayloadCodec } from '../payload/payload-codec.js';
import type { PayloadType } from '../payload/payload-type.js';

export interface RemoteNotificationLogOptions {
  /** Sent with each request, such as what a guard asks for. */
  headers?: Readonly<Record<string, string>>;
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

  constructor(
    private readonly url: string,
    private readonly options: RemoteNotificationLogOptions,
  ) {
    this.codec = new PayloadCodec({ entities: NO_ENTITIES, types: options.types ?? [] });
  }

  async select(selection: NotificationSelection = {}): Promise<RecordedEvent[]> {
    const { groups, ...others } = selection;
    const given = Object.entries(others).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
    for (const group of groups ?? []) query.append('groups', group);
    if (groups?.length === 0) return [];
    const { items } = await this.ask(`?${query.toString()}`);
    return Promise.all(items.map((item) => this.event(item)));
  }

  async section(
    id: string,
    { application }: Pick<NotificationSelection, 'application'> = {},
  ): Promise<NotificationSection> {
    const query = application === undefined ? '' : `?application=${encodeURIComponent(application)}`;
    const section = await this.ask(`/${encodeURIComponent(id)}${query}`);
    return { ...section, items: await Promise.all(section.items.map((item) => this.event(item))) };
  }

  private async ask(path: string): Promise<NotificationSection> {
    const { headers = {}, fetch: ask = fetch } = this.options;
    const response = await ask(this.url + path, { headers });
    const body = (await response.json().catch(() => ({}))) as { code?: string; message?: string };
    if (response.ok) return body as NotificationSection;
    throw new RemoteNotificationLogError(this.url + path, response.status, body.code, body.message ?? '');
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
