import { PayloadCodec, type PayloadCodecOptions } from '../../../lib/payload/payload-codec.js';
import type { PayloadOptions } from '../../../lib/payload/payload-options.js';
import type { PayloadEncodingError } from '../../../lib/payload/errors.js';
import { fakeEntities, fakeLoader } from './fake-entities.js';

type Options = PayloadOptions & Partial<Pick<PayloadCodecOptions, 'entities' | 'subjects' | 'erased'>>;

export function codecWith(options: Options = {}): PayloadCodec {
  return new PayloadCodec({ entities: fakeEntities, ...options });
}

export function roundTrip(data: unknown, codec = codecWith()): Promise<unknown> {
  return codec.decode(codec.encode(data), fakeLoader());
}

/** The error that the work throws; fails the test when it throws none. */
export function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Expected an error, but none was thrown.');
}

export function refusalOf(data: unknown, codec = codecWith()): PayloadEncodingError {
  return thrownBy(() => codec.encode(data)) as PayloadEncodingError;
}
