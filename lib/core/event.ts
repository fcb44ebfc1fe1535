/** What a handler, a source or `EventLog.append` emits: an event before it is recorded. */
export interface EventInput<T = unknown> {
  /** What handlers match on; also called the event's name. 1 to 255 UTF-8 bytes, well-formed, no NUL. */
  group: string;
  /** Globally unique: an event of this key is recorded once for ever. 1 to 255 UTF-8 bytes, well-formed, no NUL. */
  key: string;
  /** Anything the payload transcoder takes: JSON, dates, bigints, maps, sets, bytes, entities, registered types. */
  data?: T;
  /** When it happened. Default: the clock's now. */
  occurredAt?: Date;
  /** Deliveries of the event become due at this time. Default: at once. */
  availableAt?: Date;
  /** Stored with the event, for handlers that are to handle events of one order key in log order. 1 to 255 UTF-8 bytes. */
  orderKey?: string;
  /** Stored beside the event. `correlationId`, `causationId` and `source` are filled in when missing. */
  metadata?: Partial<EventMetadata>;
  /** What it is found by beside its group, as `course:42`; decisions are made over tags. Each of 1 to 255 UTF-8 bytes. */
  tags?: readonly string[];
}

/** What of an event is neither its name nor its data. */
export type EventDetails = Omit<EventInput, 'group' | 'key' | 'data'>;

export interface EventMetadata {
  /** Shared by all that one cause set off; the key of the first event where nobody gave another. */
  correlationId: string;
  /** Key of the event whose handler emitted this one. */
  causationId?: string;
  /**
   * Who emitted it: `Class.method` of a model event source, else `append`, `log` or `http`; of an event that a broker's message became,
   * where that message is.
   */
  source?: string | MessageSource;
  /** Where the event is to be sent, beside what producers send: `EventEmitterService.send` writes it. */
  destination?: MessageDestination;
  /** The span in which it was recorded, by W3C Trace Context, with `tracestate`: where the application traces. */
  traceparent?: string;
  /** Address of the client whose request brought it about, where `log` was given that. */
  ip?: string;
  /** What that client calls itself, at most 512 characters. */
  userAgent?: string;
  [name: string]: unknown;
}

/** The message that became an event. */
export interface MessageSource {
  /** What the transport is called in the option `transports`. */
  readonly transport: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** The topic that an event is sent to. */
export interface MessageDestination {
  /** What the transport is called in the option `transports`. */
  readonly transport: string;
  readonly topic: string;
  /** Of the message. Default: the event's order key. */
  readonly key?: string;
}

/** Where an event from outside the application comes from: it begins the event's key, `<transport>:<source>:<id>`. */
export interface EventOrigin {
  /** `http`, `kafka`, … */
  transport: string;
  /** What the transport tells apart: the event's name over HTTP, a broker's topic. 1 or more bytes, no colon. */
  source: string;
}

/** An event's place in a stream. */
export interface StreamVersion {
  /** 1 to 231 UTF-8 bytes, well-formed, no NUL. */
  name: string;
  /** 1 for the first event. */
  version: number;
}

/** An event as it stands in the log: frozen. */
export interface RecordedEvent<T = unknown> {
  /** Its place in the log: unique and rising, not dense. */
  readonly position: number;
  readonly key: string;
  readonly group: string;
  readonly data: T;
  /**
   * True when the data was removed, as the option `retention.payload` asks for: `data` is `undefined` then. Absent
   * otherwise, and from every event that a handler is given.
   */
  readonly pruned?: true;
  readonly metadata: Readonly<EventMetadata>;
  readonly occurredAt: Date;
  readonly recordedAt: Date;
  /** What it was recorded with, for ordered handlers. Absent where it has none. */
  readonly orderKey?: string;
  /** Of an event of a stream, as those of aggregates are: the stream's name. Absent otherwise. */
  readonly stream?: string;
  /** Of an event of a stream: its version, 1 for the first. Absent otherwise. */
  readonly version?: number;
  /** Of an event of a stream: the id of the aggregate that the stream is of. Absent otherwise. */
  readonly aggregateId?: string;
}

/** An aggregate's event as it stands in the log: frozen. */
export interface AggregateRecordedEvent<T = unknown> extends RecordedEvent<T> {
  readonly stream: string;
  readonly version: number;
  readonly aggregateId: string;
}

/** What became of one event that was to be recorded. */
export interface AppendResult<T = unknown> {
  key: string;
  /** False when the key was in the log already: nothing was written for it. */
  recorded: boolean;
  /** The event as recorded; absent when `recorded` is false. */
  event?: RecordedEvent<T>;
}
