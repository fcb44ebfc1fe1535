import type { ModuleRef } from '@nestjs/core';
import { EventType, OnEvent } from 'nestjs-once';
import { DEFAULT_RETRY } from '../../../lib/core/retry-policy.js';
import {
  EventHandler,
  eventHandlersOf,
  type EventHandlerOptions,
} from '../../../lib/handlers/event-handler.decorator.js';
import { HandlerSet } from '../../../lib/handlers/handler-set.js';

const setOf = (pool = true) => new HandlerSet({ retry: DEFAULT_RETRY, concurrency: 10, pool });

function add(set: HandlerSet, instance: object, method = 'send'): HandlerSet {
  set.add(instance, method, eventHandlersOf(Object.getPrototypeOf(instance) as object, method));
  return set;
}

/** A handler `Mails.send` with these options. */
function mails(options?: EventHandlerOptions, pattern: unknown = 'a'): object {
  class Mails {
    @EventHandler(pattern as string, options)
    send() {}
  }
  return new Mails();
}

describe('HandlerSet', () => {
  it('names a handler by class and method, and fills in the defaults', () => {
    const [handler] = add(setOf(), mails()).all;
    expect(handler).toMatchObject({
      name: 'Mails.send',
      timeout: 300_000,
      concurrency: 10,
      transactional: false,
      retry: DEFAULT_RETRY,
    });
  });

  it('gives transactional handlers five seconds where there is one connection', () => {
    expect(add(setOf(false), mails({ transactional: true })).all[0]!.timeout).toBe(5000);
    expect(add(setOf(false), mails()).all[0]!.timeout).toBe(300_000);
    expect(add(setOf(), mails({ transactional: true })).all[0]!.timeout).toBe(300_000);
  });

  it("takes what a handler's own retry leaves out from the module's", () => {
    expect(add(setOf(), mails({ retry: { maxRetries: 1, interval: '1m' } })).all[0]!.retry).toEqual({
      ...DEFAULT_RETRY,
      maxRetries: 1,
      interval: 60_000,
    });
  });

  it('makes one handler of stacked decorators of one name, and several of several', () => {
    class Mails {
      @EventHandler('a')
      @EventHandler(/^b/, { timeout: 17 })
      @EventHandler('c', { name: 'C' })
      send() {}
    }
    const handlers = add(setOf(), new Mails()).all;
    expect(handlers.map(({ name, registration }) => [name, registration.patterns])).toEqual([
      ['Mails.send', ['a', /^b/]],
      ['C', ['c']],
    ]);
    expect(handlers[0]!.timeout).toBe(17);
  });

  it('names inherited handlers by the class that inherits, and leaves out what it overrides', () => {
    class Base {
      @EventHandler('a')
      send() {}
      @EventHandler('b')
      print() {}
    }
    class Letters extends Base {
      override print() {}
    }
    const set = add(add(setOf(), new Letters()), new Base());
    expect(set.all.map(({ name }) => name)).toEqual(['Letters.send', 'Base.send']);
    expect(add(setOf(), new Letters(), 'print').all).toEqual([]);
  });

  it.each<[EventHandlerOptions | undefined, unknown, string]>([
    [
      undefined,
      17,
      'expected its pattern to be a RegExp, a non-empty string or a class decorated with @EventType, got 17',
    ],
    [
      undefined,
      '',
      'expected its pattern to be a RegExp, a non-empty string or a class decorated with @EventType, got ""',
    ],
    [{ name: '' }, 'a', 'expected its name to be a string of 1 to 255 characters'],
    [{ concurrency: 0 }, 'a', 'expected concurrency to be a whole number, 1 or more, got 0'],
    [{ ordered: 'yes' as never }, 'a', 'expected ordered to be true or false, got "yes"'],
    [{ timeout: 'soon' }, 'a', 'expected timeout to be a number of milliseconds'],
    [{ timeout: 0 }, 'a', 'expected timeout to be from 1 ms to 24 days'],
    [{ timeout: '30d' }, 'a', 'expected timeout to be from 1 ms to 24 days'],
    [{ retry: { maxRetries: -1 } }, 'a', 'expected retry.maxRetries to be a whole number'],
    [{ formerly: 17 as never }, 'a', 'expected its name to be a string'],
    [{ transactionl: true } as never, 'a', 'unknown option "transactionl". Did you mean "transactional"?'],
    [{ retry: { maxretries: 1 } as never }, 'a', 'unknown option "maxretries". Did you mean "maxRetries"?'],
  ])('refuses %j for pattern %j, naming class and method', (options, pattern, message) => {
    const adding = () => add(setOf(), mails(options, pattern));
    expect(adding).toThrow(message);
    expect(adding).toThrow('@EventHandler of Mails.send');
  });

  it('refuses options on several stacked decorators of one name', () => {
    class Mails {
      @EventHandler('a', { timeout: 1 })
      @EventHandler('b', { timeout: 2 })
      send() {}
    }
    expect(() => add(setOf(), new Mails())).toThrow(/Mails.send: several stacked decorators/);
  });

  it.each(['transactional', 'ordered'] as const)(
    'refuses a name on one of two stacked decorators where only one of them says whether it is %s',
    (option) => {
      class Named {
        @EventHandler('a', { name: 'A', [option]: true })
        @EventHandler('b')
        send() {}
      }
      class Unnamed {
        @EventHandler('a', { [option]: true })
        @EventHandler('b', { name: 'B' })
        send() {}
      }
      for (const instance of [new Named(), new Unnamed()]) {
        expect(() => add(setOf(), instance)).toThrow(
          new RegExp(`makes 2 handlers, of which not all say whether they are ${option}`),
        );
      }
    },
  );

  it('takes stacked decorators that each have a name, or that each say what they are', () => {
    class NamedEach {
      @EventHandler('a', { name: 'A', transactional: true })
      @EventHandler('b', { name: 'B' })
      send() {}
    }
    class SaidEach {
      @EventHandler('a', { transactional: true })
      @EventHandler('b', { name: 'C', transactional: false })
      send() {}
    }
    const handlers = [new NamedEach(), new SaidEach()].flatMap((instance) => add(setOf(), instance).all);
    expect(handlers.map(({ transactional }) => transactional)).toEqual([true, false, true, false]);
  });

  it('refuses two handlers of one name, naming both', () => {
    class Letters {
      @EventHandler('b', { name: 'Mails.send' })
      print() {}
    }
    const set = add(setOf(), mails());
    expect(() => add(set, new Letters(), 'print')).toThrow(
      /@EventHandler of Letters.print: its name "Mails.send" is that of Mails.send already/,
    );
  });

  it('refuses a handler that takes over from one which is still there', () => {
    const taker = mails({ name: 'New', formerly: 'Old' });
    const owner = mails({ name: 'Old' });
    for (const [one, other] of [
      [taker, owner],
      [owner, taker],
    ] as const) {
      expect(() => add(add(setOf(), one), other)).toThrow('it was formerly "Old"');
    }
  });
});

describe('handlers and event classes', () => {
  const moduleRef = {} as ModuleRef;

  @EventType('shop.Click')
  class Click {
    @OnEvent() zebra() {}
    @OnEvent({ name: 'Own name', timeout: 17, formerly: 'Old name' }) ape() {}
    plain() {}
    get computed(): number {
      throw new Error('was called');
    }
  }

  it("takes a class for exactly the class's name", () => {
    const [handler] = add(setOf(), mails(undefined, Click)).all;
    expect(handler!.registration).toMatchObject({ patterns: ['shop.Click'], rank: 1000 });
    expect(() => add(setOf(), mails(undefined, class Nameless {}))).toThrow(/got function Nameless/);
  });

  it('names and ranks the methods of a class in the order of their declaration', () => {
    const set = setOf();
    set.addOnClass(Click, 'shop.Click', moduleRef);
    expect(
      set.all.map(({ name, label, timeout, registration }) => [name, label, timeout, registration]),
    ).toEqual([
      [
        'shop.Click.zebra',
        'Click.zebra',
        300_000,
        expect.objectContaining({ rank: 0, patterns: ['shop.Click'] }),
      ],
      ['Own name', 'Click.ape', 17, expect.objectContaining({ rank: 1, formerly: ['Old name'] })],
    ]);
  });

  it('puts inherited methods first, and counts overridden ones as they are now', () => {
    class Special extends Click {
      @OnEvent() first() {}
      override zebra() {}
      @OnEvent({ timeout: 5 }) override ape() {}
    }
    const set = setOf();
    set.addOnClass(Special, 'shop.Special', moduleRef);
    expect(set.all.map(({ name, timeout }) => [name, timeout])).toEqual([
      ['shop.Special.ape', 5],
      ['shop.Special.first', 300_000],
    ]);
  });

  it('checks their options, naming class and method', () => {
    class Wrong {
      @OnEvent({ timeuot: 5 } as never) count() {}
    }
    expect(() => setOf().addOnClass(Wrong, 'shop.Wrong', moduleRef)).toThrow(
      '@OnEvent of Wrong.count: unknown option "timeuot". Did you mean "timeout"?',
    );
    class Elsewhere {
      @OnEvent({ dataSource: 'audit' } as never) count() {}
    }
    expect(() => setOf().addOnClass(Elsewhere, 'shop.Elsewhere', moduleRef)).toThrow(
      '@OnEvent of Elsewhere.count: unknown option "dataSource".',
    );
  });

  it('refuses a name that another handler has', () => {
    const set = add(setOf(), mails({ name: 'shop.Click.zebra' }));
    expect(() => set.addOnClass(Click, 'shop.Click', moduleRef)).toThrow(
      /Click.zebra: its name "shop.Click.zebra" is that of Mails.send already/,
    );
  });
});
