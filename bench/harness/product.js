// The product as users get it: what the build made. ONCE_BENCH_DIST names another build than dist/.
const dist = process.env.ONCE_BENCH_DIST ?? new URL('../../dist', import.meta.url).href;

export const {
  Aggregate,
  AggregateEvent,
  AggregateType,
  Deliveries,
  event,
  EventArchive,
  EventHandler,
  EventLog,
  EventSourcingModule,
  EventType,
  Follower,
  Followers,
  getAggregatesToken,
  ModelEventSource,
  On,
  Rescan,
} = await import(`${dist}/index.js`);
