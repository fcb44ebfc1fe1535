import { gzipSync } from 'node:zlib';
import { gzipStep } from '../../../lib/payload/gzip-step.js';
import type { PayloadStep } from '../../../lib/payload/payload-step.js';
import { codecWith, refusalOf, roundTrip, thrownBy } from './codec-support.js';
import { fakeLoader } from './fake-entities.js';

/** Not its own inverse, so that a wrong order shows. */
const shiftStep: PayloadStep = {
  name: 'shift',
  dump: (bytes) => bytes.map((byte) => byte + 1),
  load: (bytes) => bytes.map((byte) => byte - 1),
};

function decode(
  stored: { text?: string; bytes?: Uint8Array; encoding: string },
  codec = codecWith(),
): Promise<unknown> {
  return codec.decode({ text: null, bytes: null, ...stored }, fakeLoader());
}

const nested = (json: string) => '['.repeat(100_000) + json + ']'.repeat(100_000);

describe('Payload steps', () => {
  it('without any, a payload is text', () => {
    expect(codecWith().encode({ a: 1 })).toEqual({ text: '{"a":1}', bytes: null, encoding: 'json' });
  });

  it('make bytes, and are named by the encoding in order', async () => {
    const codec = codecWith({ steps: [gzipStep, shiftStep] });
    const stored = codec.encode({ a: 'é\ud800' });
    expect(stored).toMatchObject({ text: null, encoding: 'json+gzip+shift' });
    expect(stored.bytes).toEqual(
      new Uint8Array(shiftStep.dump(gzipSync('{"a":"é\\ud800"}'), { key: '', group: '' })),
    );
    expect(await roundTrip({ a: 'é\ud800' }, codec)).toStrictEqual({ a: 'é\ud800' });
  });

  it('leave undefined and null apart', async () => {
    const codec = codecWith({ steps: [gzipStep] });
    expect(codec.encode(undefined)).toEqual({ text: null, bytes: null, encoding: 'json' });
    expect(await roundTrip(undefined, codec)).toBeUndefined();
    expect(await roundTrip(null, codec)).toBeNull();
  });

  it('of the stored encoding count, not those of today', async () => {
    const shifted = codecWith({ steps: [shiftStep, gzipStep] }).encode([1n]);
    const gzipped = codecWith({ steps: [gzipStep] }).encode([2n]);
    const plain = codecWith().encode([3n]);
    const today = codecWith({ formerSteps: [shiftStep] });
    const results = [shifted, gzipped, plain].map((stored) => today.decode(stored, fakeLoader()));
    expect(await Promise.all(results)).toEqual([[1n], [2n], [3n]]);
  });

  it.each<[string, { text?: string; bytes?: Uint8Array; encoding: string }, RegExp]>([
    ['an unknown step', { bytes: Buffer.from('1'), encoding: 'json+zstd' }, /"zstd"/],
    ['an unknown format', { text: '1', encoding: 'avro' }, /"avro"/],
    ['a step that fails', { bytes: Buffer.from('1'), encoding: 'json+gzip' }, /"gzip"/],
    ['text where bytes belong', { text: '1', encoding: 'json+gzip' }, /text is stored/],
    ['bytes that are no UTF-8', { bytes: Buffer.from([255]), encoding: 'json' }, /UTF-8/],
    ['text that is no JSON', { text: '{', encoding: 'json' }, /JSON/],
    ['a type without a value', { text: '{"$type":"Map","value":5}', encoding: 'json' }, /"Map"/],
    ['an escape without an object', { text: '{"$type":"object"}', encoding: 'json' }, /./],
    ['endless nesting', { text: nested('{"$type":"map","value":[]}'), encoding: 'json' }, /./],
  ])('%s is a typed error', async (_, stored, message) => {
    await expect(decode(stored)).rejects.toMatchObject({
      code: 'PAYLOAD_NOT_DECODABLE',
      message: expect.stringMatching(message),
    });
  });

  it('that fail to dump are a typed error', () => {
    const cause = new Error('no key');
    const broken = {
      ...shiftStep,
      dump: () => {
        throw cause;
      },
    };
    expect(refusalOf(1, codecWith({ steps: [broken] }))).toMatchObject({
      code: 'PAYLOAD_NOT_ENCODABLE',
      cause,
      expected: expect.stringMatching('"shift"'),
    });
  });

  it.each(['', 'a+b', 'a b', 5])('the name %p is refused', (name) => {
    const steps = [{ ...shiftStep, name: name as string }];
    expect(thrownBy(() => codecWith({ steps }))).toMatchObject({
      code: 'INVALID_OPTION',
      option: 'steps[0].name',
    });
  });

  it('of one name are refused', () => {
    expect(thrownBy(() => codecWith({ steps: [shiftStep], formerSteps: [{ ...shiftStep }] }))).toMatchObject({
      option: 'steps[1].name',
    });
  });
});
