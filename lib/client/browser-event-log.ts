/** Names and their data: `{ 'shop.DealClick': { dealId: string } }`. */
export type EventData<Events> = { [Name in keyof Events]: object };

export interface LogOptions {
  /**
   * What makes the event the one it is: of two events of one name with one key the server records the first. Default: a
   * new key for each call.
   */
  key?: string;
}

type LogArguments<Data> = object extends Data
  ? [data?: Data, options?: LogOptions]
  : [data: Data, options?: LogOptions];

/** Records events from a page. No method throws or rejects. */
export interface BrowserEventLog<Events extends EventData<Events> = Record<string, object>> {
  /**
   * Queues an event; it is sent soon, with others, and again until the server has it.
   *
   * @param name such as `shop.DealClick`
   * @param data what JSON can hold; copied at once
   */
  log<Name extends keyof Events & string>(name: Name, ...data: LogArguments<Events[Name]>): void;
  /** Sends what waits now. Resolves when it is delivered, or when an attempt has failed and another is due later. */
  flush(): Promise<void>;
  /** Ends: nothing more is taken or sent. What waits stays in storage for the next page. */
  stop(): void;
}
