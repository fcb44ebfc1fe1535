import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
} from 'node:zlib';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import type { PayloadStep } from './payload-step.js';

/** Of 0 to 11, where 11 is many times slower than what else a save does. */
const BROTLI_QUALITY = 4;

const PARAMS = { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } };

/** Room for what comes out is made in pieces of this size: making the usual 16 KiB takes longer than what is done with it. */
function roomFor({ byteLength }: Uint8Array): { chunkSize: number } {
  return { chunkSize: Math.min(65_536, Math.max(1024, byteLength * 4)) };
}

/** By the names that `compress` takes. All of them can be read, whichever is chosen. */
export const COMPRESSORS = {
  zlib: {
    name: 'zlib',
    dump: (bytes) => deflateSync(bytes),
    load: (bytes) => inflateSync(bytes, roomFor(bytes)),
  },
  brotli: {
    name: 'brotli',
    dump: (bytes) => brotliCompressSync(bytes, PARAMS),
    load: (bytes) => brotliDecompressSync(bytes, roomFor(bytes)),
  },
  gzip: {
    name: 'gzip',
    dump: (bytes) => gzipSync(bytes),
    load: (bytes) => gunzipSync(bytes, roomFor(bytes)),
  },
} as const satisfies Record<string, PayloadStep>;

export type Compression = keyof typeof COMPRESSORS;

/** The step of the option `compress`. Throws `InvalidOptionError`. */
export function compressor(
  given: Compression | PayloadStep | false,
  option: string,
  where: string,
): PayloadStep | undefined {
  if (given === false) return undefined;
  const step: unknown = typeof given === 'string' ? COMPRESSORS[given] : given;
  if (isStep(step)) return step;
  const names = Object.keys(COMPRESSORS).map((name) => `'${name}'`);
  const expected = `${names.join(', ')}, false or a step { name, dump, load }`;
  throw new InvalidOptionError(option, expected, describe(given), where);
}

function isStep(value: unknown): value is PayloadStep {
  if (typeof value !== 'object' || value === null) return false;
  const { name, dump, load } = value as Partial<PayloadStep>;
  return typeof name === 'string' && typeof dump === 'function' && typeof load === 'function';
}
