import { COMPRESSORS } from './compressors.js';
import type { PayloadStep } from './payload-step.js';

/** Compresses every payload with gzip, whatever its size. */
export const gzipStep: PayloadStep = COMPRESSORS.gzip;
