import { gunzipSync, gzipSync } from 'node:zlib';
import type { PayloadStep } from './payload-step.js';

/** Compresses every payload with gzip, whatever its size. */
export const gzipStep: PayloadStep = {
  name: 'gzip',
  dump: (bytes) => gzipSync(bytes),
  load: (bytes) => gunzipSync(bytes),
};
