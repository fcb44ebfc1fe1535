import { PayloadCodec, type PayloadCodecOptions } from '../../../lib/payload/payload-codec.js';
import type { PayloadEncodingError } from '../../../lib/payload/errors.js';
import { fakeEntities, fakeLoader } from './fake-entities.js';

export function codecWith(options: Partial<PayloadCodecOptions> = {}): PayloadCodec {
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
