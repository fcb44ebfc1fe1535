import { SnoozeError } from 'nestjs-once';

const refuse = (): never => {
  throw new Error('not to be read');
};
const refusingEverything = { get: refuse, getPrototypeOf: refuse, has: refuse, ownKeys: refuse };
const revoked = Proxy.revocable({}, {});
revoked.revoke();

/** What may be thrown and cannot be read: titles and values. */
export const hostileValues: [title: string, value: unknown][] = [
  ['a proxy that refuses everything', new Proxy({}, refusingEverything)],
  ['a proxy that was revoked', revoked.proxy],
  ['an error whose properties throw', new Proxy(new Error('hidden'), { get: refuse })],
  ['an error whose stack throws', Object.defineProperty(new Error('a'), 'stack', { get: refuse })],
  [
    'an error whose stack is no text',
    Object.assign(new Error('a'), { stack: Object.create(null) as unknown }),
  ],
  ['an error whose cause throws', Object.defineProperty(new Error('a'), 'cause', { get: refuse })],
  [
    'an error whose message is a symbol',
    Object.assign(new Error(), { stack: undefined, message: Symbol('m') }),
  ],
  ['an object that cannot be made text', { toJSON: refuse, toString: refuse, [Symbol.toPrimitive]: refuse }],
  ['an object without a readable class', Object.defineProperty({}, 'constructor', { get: refuse })],
  ['a snooze until no time', Object.assign(new SnoozeError(new Date(0)), { until: 'tomorrow' })],
  ['a snooze that cannot be read', new Proxy(new SnoozeError(new Date(0)), { get: refuse })],
];
