import {
  Follower,
  InvalidFollowerError,
  InvalidOptionError,
  On,
  OnReset,
  UnknownOptionError,
} from 'nestjs-once';
import { DEFAULT_RETRY } from '../../../lib/core/retry-policy.js';
import { verdict } from '../../../lib/followers/failures.js';
import { followerDefinition } from '../../../lib/followers/follower-definition.js';
import { followerOf } from '../../../lib/followers/follower.decorator.js';
import { FollowerSet } from '../../../lib/followers/follower-set.js';
import { canBothMatch } from '../../../lib/followers/patterns.js';
import { nextStretch } from '../../../lib/followers/upstreams.js';

const DEFAULTS = { retry: DEFAULT_RETRY, timeout: 1000 };

function define(type: new () => object, methods: string[] = ['on']) {
  return followerDefinition(new type(), methods, followerOf(type)!, DEFAULTS);
}

describe('two patterns', () => {
  it.each([
    ['Dog.*', 'Dog.Added', true],
    ['Dog.*', 'Cat.Added', false],
    ['*.Added', 'Dog.*', true],
    ['a*b', 'b*a', false],
    ['*', 'x', true],
    ['Dog', 'Dog', true],
    ['Dog', 'Dogs', false],
    ['a*c*e', '*b*d*', true],
    [/^Dog/, 'Cat', false],
    [/^Dog/, 'Dog.Added', true],
    [/^Dog/, 'C*', true],
    [/^Dog/, /^Cat/, true],
  ])('%p and %p: there can be a group that both match is %p', (one, other, expected) => {
    expect(canBothMatch(one, other)).toBe(expected);
    expect(canBothMatch(other, one)).toBe(expected);
  });
});

describe('a class that cannot be a follower is refused', () => {
  it('without a method that takes events', () => {
    @Follower('A')
    class A {
      on(): void {}
    }
    expect(() => define(A)).toThrow(InvalidFollowerError);
    expect(() => define(A)).toThrow(/Decorate one or more with @On/);
  });

  it('with an option that there is not, or a name that is none', () => {
    @Follower('A', { batchsize: 3 } as never)
    class A {
      @On('a')
      on(): void {}
    }
    @Follower('')
    class B {
      @On('a')
      on(): void {}
    }
    expect(() => define(A)).toThrow(UnknownOptionError);
    expect(() => define(B)).toThrow(/expected its name to be a string of 1 to 128/);
  });

  it('with a pattern that none of those it follows can match', () => {
    @Follower('A', { follows: ['Dog.*'] })
    class A {
      @On('Cat.Added')
      on(): void {}
    }
    expect(() => define(A)).toThrow(/@On\("Cat.Added"\) can match no event that its follower follows/);
  });

  it.each([0, 65, 1.5, '4', null])('with %p streams at a time', (streams) => {
    @Follower('A', { streams: streams as number })
    class A {
      @On('a')
      on(): void {}
    }
    expect(() => define(A)).toThrow(InvalidOptionError);
  });

  it('with two methods that reset it, and with a name that another has', () => {
    @Follower('A')
    class A {
      @On('a')
      on(): void {}
      @OnReset()
      one(): void {}
      @OnReset()
      two(): void {}
    }
    @Follower('B')
    class B {
      @On('a')
      on(): void {}
    }
    expect(() => define(A, ['on', 'one', 'two'])).toThrow(/expected one at most/);
    const set = new FollowerSet(DEFAULTS);
    set.add(new B(), ['on'], followerOf(B)!);
    expect(() => set.add(new B(), ['on'], followerOf(B)!)).toThrow(/its name "B" is that of B already/);
  });
});

describe('the next stretch', () => {
  const at = (positions: Record<string, number>) => ({
    upstreams: Object.entries(positions).map(([upstream, position]) => ({
      upstream,
      position,
      replayUntil: 0,
    })),
  });

  it('is of all upstreams where they are at one place', () => {
    expect(nextStretch(at({ '': 3, school: 3 }), 9)).toEqual({ from: 3, to: 9, upstreams: ['', 'school'] });
    expect(nextStretch(at({ '': 9, school: 9 }), 9)).toBeUndefined();
  });

  it('is of the one that is behind, up to the next', () => {
    expect(nextStretch(at({ '': 7, school: 0 }), 9)).toEqual({ from: 0, to: 7, upstreams: ['school'] });
    expect(nextStretch(at({ '': 7, school: 0 }), 5)).toEqual({ from: 0, to: 5, upstreams: ['school'] });
  });
});

it('an event is given up as its follower says when its retries are used up', () => {
  const retry = { ...DEFAULT_RETRY, maxRetries: 1, interval: 10, jitter: 0 };
  const of = (onError: 'stop' | 'skip' | 'park', attempts: number) =>
    verdict({ retry, onError }, new Error('x'), attempts, Math.random);
  expect(of('stop', 1)).toEqual({ kind: 'retry', delay: 10 });
  expect([of('stop', 2), of('skip', 2), of('park', 2)]).toEqual([
    { kind: 'stop' },
    { kind: 'skip' },
    { kind: 'park', delay: 20 },
  ]);
});
