import {
  DuplicateEventTypeError,
  EventNotFoundError,
  EventType,
  InvalidEventNameError,
  InvalidEventTypeError,
  UnknownOptionError,
} from 'nestjs-once';
import { errorOf, registryOf } from './registry-support.js';

@EventType('shop.DealClick')
class DealClick {}

@EventType('shop.DealView')
class DealView {}

@EventType('crm.DealClick')
class Elsewhere {}

function named(name: unknown) {
  @EventType(name as string)
  class Named {}
  return Named;
}

describe('the name of an event', () => {
  it.each(['shop.DealClick', 'a.b', 'my-shop.deal_click2', '_.X', 'größe.Änderung'])(
    'may be %s',
    async (name) => {
      await expect(registryOf([named(name)])).resolves.toBeDefined();
    },
  );

  it.each([
    ['stuff', 'it has no dot'],
    ['', 'it has no dot'],
    ['a.b.c', 'it has 2 dots'],
    ['.b', 'a part of it is empty'],
    ['a.', 'a part of it is empty'],
    ['a..b', 'a part of it is empty'],
    ['shop.Deal Click', 'a part may have letters'],
    ['shop.*', 'a part may have letters'],
    ['shop.a:b', 'a part may have letters'],
    ['shop.1st', 'begins with a letter'],
    ['shop.a\0', 'a part may have letters'],
    [`shop.${'x'.repeat(200)}`, 'it has more than 200 bytes'],
    [17, 'it is no string'],
  ])('may not be %p', async (name, reason) => {
    const error = await errorOf(registryOf([named(name)]));
    expect(error).toBeInstanceOf(InvalidEventNameError);
    expect(error.code).toBe('INVALID_EVENT_NAME');
    expect(error.message).toMatch(/^The name ".*" is invalid: /s);
    expect(error.message).toContain(reason);
    expect(error.message).toContain('such as "shop.DealClick"');
  });

  it('is refused in the same words where an event is logged', async () => {
    const types = await registryOf([DealClick]);
    const error = await errorOf(types.prepare('stuff', {}));
    expect(error.message).toBe(
      'The name "stuff" is invalid: it has no dot. Expected an application and a class with one dot between them, such as "shop.DealClick".',
    );
  });

  it('may have more parts where the option says so, but never one', async () => {
    const types = await registryOf([named('shop.orders.Placed'), DealClick], { nestedNames: true });
    expect(types.has('shop.orders.Placed')).toBe(true);
    expect(await errorOf(types.prepare('stuff', {}))).toBeInstanceOf(InvalidEventNameError);
  });

  it('has to be there', async () => {
    class Nameless {}
    class Heir extends DealClick {}
    for (const type of [Nameless, Heir]) {
      const error = await errorOf(registryOf([type]));
      expect(error).toBeInstanceOf(InvalidEventTypeError);
      expect(error.message).toContain(`Event class ${type.name}: it has no name.`);
    }
  });

  it('belongs to one class, which may be given twice', async () => {
    const types = await registryOf([DealClick, DealClick, Elsewhere]);
    expect(types.types.map(({ name }) => name)).toEqual(['shop.DealClick', 'crm.DealClick']);
    const error = await errorOf(registryOf([DealClick, named('shop.DealClick')]));
    expect(error).toBeInstanceOf(DuplicateEventTypeError);
    expect(error.message).toContain('Two event classes are named "shop.DealClick": DealClick and Named.');
  });
});

describe('an event that there is not', () => {
  it('is told with its app and the nearest names', async () => {
    const types = await registryOf([DealClick, DealView, Elsewhere]);
    const error = await errorOf(types.prepare('shop.DealClik', {}));
    expect(error).toBeInstanceOf(EventNotFoundError);
    expect(error.code).toBe('EVENT_NOT_FOUND');
    expect(error.suggestions).toEqual(['shop.DealClick', 'shop.DealView']);
    expect(error.message).toMatch(
      /^There is no event named DealClik in the shop app\. Did you mean "shop\.DealClick" or "shop\.DealView"\?/,
    );
  });

  it('is told without names where none is near', async () => {
    const error = await errorOf((await registryOf([DealClick])).prepare('app.EventName', {}));
    expect(error.suggestions).toEqual([]);
    expect(error.message).toContain('There is no event named EventName in the app app. Its class');
  });

  it('may be a class that nobody registered, also one of a name that another has', async () => {
    const types = await registryOf([DealClick]);
    for (const type of [DealView, named('shop.DealClick')])
      expect(await errorOf(types.prepare(type, {}))).toBeInstanceOf(EventNotFoundError);
  });
});

describe('the options of an event class', () => {
  const optioned = (options: object) => {
    @EventType('shop.Optioned', options)
    class Optioned {}
    return Optioned;
  };

  it('are checked', async () => {
    const unknown = await errorOf(registryOf([optioned({ kye: () => 'x' })]));
    expect(unknown).toBeInstanceOf(UnknownOptionError);
    expect(unknown.message).toContain('@EventType of Optioned: unknown option "kye". Did you mean "key"?');
    for (const [options, message] of [
      [{ key: 'id' }, 'expected key to be a function, got "id"'],
      [{ orderKey: 17 }, 'expected orderKey to be a function, got 17'],
      [{ whitelist: 'yes' }, `expected whitelist to be true, false or 'forbid', got "yes"`],
    ] as const)
      expect((await errorOf(registryOf([optioned(options)]))).message).toContain(message);
  });

  it('include a constructor that needs nothing', async () => {
    @EventType('shop.Needy')
    class Needy {
      readonly size: number;
      constructor(what: { size: number }) {
        this.size = what.size;
      }
    }
    const error = await errorOf(registryOf([Needy]));
    expect(error).toBeInstanceOf(InvalidEventTypeError);
    expect(error.message).toContain(
      'Event class Needy: it has to be possible to make an instance without arguments',
    );
    expect(error.cause).toBeInstanceOf(TypeError);
  });
});
