export { drain, DrainFailedError, type DrainOptions } from './drain.js';
export { FixedClock } from './fixed-clock.js';
