export type { ConformanceCheck, ConformanceSuite } from './conformance/conformance-check.js';
export { dialectConformance } from './conformance/dialect-conformance.js';
export { drain, DrainFailedError, type DrainOptions } from './drain.js';
export { FixedClock } from './fixed-clock.js';
