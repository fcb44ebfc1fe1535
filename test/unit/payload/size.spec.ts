import { PayloadTooLargeError } from '../../../lib/payload/errors.js';
import { gzipStep } from '../../../lib/payload/gzip-step.js';
import { codecWith, roundTrip, thrownBy } from './codec-support.js';

describe('The size of a payload', () => {
  it('is counted in UTF-8 bytes of the stored form', () => {
    const codec = codecWith({ maxBytes: 10 });
    expect(codec.encode('12345678').text).toBe('"12345678"');
    expect(thrownBy(() => codec.encode('123456789'))).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      bytes: 11,
      limit: 10,
    });
    expect(codec.encode('éééé').text).toBe('"éééé"');
    expect(thrownBy(() => codec.encode('ééééé'))).toMatchObject({ bytes: 12, limit: 10 });
  });

  it('is 1 MiB by default', () => {
    expect(codecWith().encode('x'.repeat(1_048_574)).text).toHaveLength(1_048_576);
    expect(thrownBy(() => codecWith().encode('x'.repeat(1_048_575)))).toBeInstanceOf(PayloadTooLargeError);
  });

  it('is counted while encoding, so that shared structure cannot grow without end', () => {
    let shared: unknown = [];
    for (let level = 0; level < 200; level++) shared = [shared, shared];
    expect(thrownBy(() => codecWith({ maxBytes: 10_000 }).encode(shared))).toBeInstanceOf(
      PayloadTooLargeError,
    );
    expect(thrownBy(() => codecWith({ maxBytes: 1000, steps: [gzipStep] }).encode(shared))).toBeInstanceOf(
      PayloadTooLargeError,
    );
  });

  it('ends the reading of further values', () => {
    let read = false;
    const data = [
      'x'.repeat(20),
      {
        get late() {
          return (read = true);
        },
      },
    ];
    expect(thrownBy(() => codecWith({ maxBytes: 10 }).encode(data))).toBeInstanceOf(PayloadTooLargeError);
    expect(read).toBe(false);
  });

  it('is that of the bytes after the steps', async () => {
    const codec = codecWith({ maxBytes: 1000, steps: [gzipStep] });
    const data = 'x'.repeat(15_000);
    expect(await roundTrip(data, codec)).toBe(data);
    const random = Array.from({ length: 800 }, (_, index) => Math.sin(index));
    expect(thrownBy(() => codec.encode(random))).toMatchObject({ limit: 1000 });
  });

  it('is bounded before the steps as well, to 16 times the limit', () => {
    const codec = codecWith({ maxBytes: 1000, steps: [gzipStep] });
    expect(codec.encode('x'.repeat(15_998)).bytes!.byteLength).toBeLessThan(1000);
    expect(thrownBy(() => codec.encode('x'.repeat(15_999)))).toMatchObject({ bytes: 16_001, limit: 16_000 });
  });

  it.each([0, -1, 1.5, NaN, '1kb', null])('the limit %p is refused', (maxBytes) => {
    expect(thrownBy(() => codecWith({ maxBytes: maxBytes as number }))).toMatchObject({
      code: 'INVALID_OPTION',
      option: 'maxBytes',
    });
  });
});
