export { clearEventLog } from './clear-event-log.js';
export type { ConformanceCheck, ConformanceSuite } from './conformance/conformance-check.js';
export { dialectConformance } from './conformance/dialect-conformance.js';
export type { ConformanceBroker } from './conformance/transport-bench.js';
export { transportConformance } from './conformance/transport-conformance.js';
export { drain, DrainFailedError, type DrainOptions } from './drain.js';
export { FixedClock } from './fixed-clock.js';
export { NotCaughtUpError, whenCaughtUp, type WhenCaughtUpOptions } from './when-caught-up.js';
export { type Given, given, type TestEvent, type Then } from './given.js';
