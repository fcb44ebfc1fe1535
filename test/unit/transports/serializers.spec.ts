import {
  cloudEvents,
  json,
  raw,
  type RecordedEvent,
  type Serializer,
  UnreadableMessageError,
} from 'nestjs-once';

const EVENT: RecordedEvent = {
  position: 7,
  key: 'payment_17',
  group: 'payment.Created',
  data: { amount: 12, paidAt: new Date('2026-01-02T03:04:05Z') },
  metadata: { correlationId: 'payment_17' },
  occurredAt: new Date('2026-01-02T03:04:05.678Z'),
  recordedAt: new Date('2026-01-02T03:04:06Z'),
};

const received = (value: Uint8Array | string) => ({
  ...{ topic: 'payments', partition: 0, offset: 3, headers: {} },
  value: Buffer.from(value as string),
});

const serialized = async (serializer: Serializer, event = EVENT) =>
  Buffer.from((await serializer.serialize(event, 'payments')).value).toString();

describe('json', () => {
  it('writes the name and the data, and reads them again', async () => {
    const text = await serialized(json());
    expect(JSON.parse(text)).toEqual({
      name: 'payment.Created',
      data: { amount: 12, paidAt: '2026-01-02T03:04:05.000Z' },
    });
    expect(await json().deserialize(received(text))).toEqual({
      group: 'payment.Created',
      data: { amount: 12, paidAt: '2026-01-02T03:04:05.000Z' },
    });
  });

  it.each([
    ['{"amount":1}', { amount: 1 }],
    ['[1,2]', [1, 2]],
    ['null', null],
    ['{"name":"x"}', { name: 'x' }],
  ])('reads %s as data of the topic', async (text, data) =>
    expect(await json().deserialize(received(text))).toEqual({ data }),
  );

  it.each(['', '{', 'x'])('refuses %p with a typed error', (text) => {
    expect(() => json().deserialize(received(text))).toThrow(UnreadableMessageError);
  });

  it('refuses bytes that are no UTF-8', () => {
    expect(() => json().deserialize(received(Buffer.from([0x22, 0xff, 0x22])))).toThrow(
      UnreadableMessageError,
    );
  });

  it('refuses what JSON cannot hold', () => {
    expect(() => json().serialize({ ...EVENT, data: { big: 1n } }, 'payments')).toThrow(TypeError);
  });
});

describe('cloudEvents', () => {
  const serializer = cloudEvents({ source: '/payments' });

  it('writes an event of version 1.0, and reads it again', async () => {
    const text = await serialized(serializer, { ...EVENT, orderKey: 'order-3' });
    expect(JSON.parse(text)).toEqual({
      specversion: '1.0',
      id: 'payment_17',
      source: '/payments',
      type: 'payment.Created',
      time: '2026-01-02T03:04:05.678Z',
      subject: 'order-3',
      datacontenttype: 'application/json',
      data: { amount: 12, paidAt: '2026-01-02T03:04:05.000Z' },
    });
    expect(await serializer.deserialize(received(text))).toEqual({
      group: 'payment.Created',
      id: '/payments payment_17',
      data: { amount: 12, paidAt: '2026-01-02T03:04:05.000Z' },
      occurredAt: new Date('2026-01-02T03:04:05.678Z'),
    });
  });

  it('reads bytes', async () => {
    const event = { specversion: '1.0', id: '1', source: 's', type: 't', data_base64: 'AQI=' };
    expect(await serializer.deserialize(received(JSON.stringify(event)))).toEqual({
      group: 't',
      id: 's 1',
      data: Buffer.from([1, 2]),
    });
  });

  it.each([
    ['[]', 'an object'],
    ['{"id":"1"}', 'specversion'],
    ['{"specversion":"0.3","id":"1","source":"s","type":"t"}', 'version 1.0'],
    ['{"specversion":"1.0","id":"","source":"s","type":"t"}', 'id'],
    ['{"specversion":"1.0","id":"1","source":"s","type":"t","time":"soon"}', 'time'],
  ])('refuses %s and says what it expected', (text, expected) => {
    expect(() => serializer.deserialize(received(text))).toThrow(expected);
  });
});

describe('raw', () => {
  it('sends text and bytes as they are, and reads bytes', async () => {
    expect(await serialized(raw(), { ...EVENT, data: 'ä' })).toBe('ä');
    expect(await serialized(raw(), { ...EVENT, data: new Uint8Array([97]) })).toBe('a');
    expect(await raw().deserialize(received('x'))).toEqual({ data: Buffer.from('x') });
  });

  it('sends nothing else', () => {
    expect(() => raw().serialize(EVENT, 'payments')).toThrow('raw() sends text or bytes');
  });
});
