import { Type } from 'class-transformer';
import {
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  registerDecorator,
  ValidateNested,
} from 'class-validator';
import { EventType, EventValidationError, InvalidEventTypeError, RequireKeys } from 'nestjs-once';
import { errorOf, registryOf } from './registry-support.js';

const DEAL = '4b3ee9d3-8a34-4c0e-9d20-0d3f6f0f9f10';

class Item {
  @IsString() sku: string;
  @IsInt() count: number;
}

@EventType('shop.DealClick')
class DealClick {
  @IsUUID() dealId: string;
  @IsOptional() @IsInt() position?: number;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Item) items?: Item[];
}

const problemsOf = async (type: new () => object, data: unknown, setup = {}) => {
  const error = await errorOf((await registryOf([type], setup)).prepare(type, data));
  expect(error).toBeInstanceOf(EventValidationError);
  return error as EventValidationError;
};

describe('validation by decorators', () => {
  it('lists every offending property with its path and constraints', async () => {
    const error = await problemsOf(DealClick, {
      dealId: 'x',
      position: 1.5,
      items: [
        { sku: 'a', count: 1 },
        { sku: 7, count: 'many' },
      ],
    });
    expect(error.code).toBe('EVENT_VALIDATION');
    expect(error.event).toBe('shop.DealClick');
    expect(error.properties).toEqual([
      { property: 'dealId', constraints: { isUuid: 'dealId must be a UUID' } },
      { property: 'position', constraints: { isInt: 'position must be an integer number' } },
      { property: 'items.1.sku', constraints: { isString: 'items.1.sku must be a string' } },
      { property: 'items.1.count', constraints: { isInt: 'items.1.count must be an integer number' } },
    ]);
    expect(error.message).toBe(
      'The data of event "shop.DealClick" is invalid: dealId must be a UUID; position must be an integer number; ' +
        'items.1.sku must be a string; items.1.count must be an integer number.',
    );
  });

  it.each([
    ['a string', '"text"'],
    [null, 'null'],
    [[1], 'an array of 1'],
    [17, '17'],
  ])('refuses %p as data', async (data, told) => {
    const given = data === 'a string' ? 'text' : data;
    expect((await problemsOf(DealClick, given)).properties).toEqual([
      { property: '', constraints: { isObject: `expected an object, got ${told}` } },
    ]);
  });

  it('waits for asynchronous ones', async () => {
    @EventType('shop.Known')
    class Known {
      id: string;
    }
    registerDecorator({
      target: Known,
      propertyName: 'id',
      async: true,
      options: { message: 'no such deal' },
      validator: { validate: async (value) => Promise.resolve(value === 'there') },
    });
    const types = await registryOf([Known]);
    await expect(types.prepare(Known, { id: 'there' })).resolves.toMatchObject({
      input: { data: { id: 'there' } },
    });
    expect((await errorOf(types.prepare(Known, { id: 'gone' }))).message).toContain('no such deal');
  });

  it('is nothing where a class has none', async () => {
    @EventType('shop.Anything')
    class Anything {}
    const { input } = await (await registryOf([Anything])).prepare('shop.Anything', { a: 1, b: [2] });
    expect(input.data).toEqual({ a: 1, b: [2] });
  });
});

describe('@RequireKeys', () => {
  @EventType('shop.Bought')
  @RequireKeys('dealId', 'userId')
  @RequireKeys('code')
  class Bought {
    dealId: string;
    userId: string;
    code: string | null = 'none';
  }

  it('lists only those that are missing', async () => {
    const error = await problemsOf(Bought, { userId: 'u' });
    expect(error.properties).toEqual([
      { property: 'dealId', constraints: { requireKeys: 'dealId is missing' } },
    ]);
    const both = await problemsOf(Bought, {});
    expect(both.message).toContain('is invalid: The following keys are missing: dealId, userId.');
  });

  it('takes any value, and the defaults of the class', async () => {
    const types = await registryOf([Bought]);
    const given = { dealId: '', userId: null, code: null };
    expect((await types.prepare(Bought, given)).input.data).toEqual(given);
    expect((await types.prepare(Bought, { dealId: 0, userId: false })).input.data).toMatchObject({
      code: 'none',
    });
  });

  it('adds to what the class above requires and to what decorators say of the same property', async () => {
    @EventType('shop.BoughtTwice')
    @RequireKeys('again')
    class BoughtTwice extends Bought {
      @IsString() again: string;
    }
    const error = await problemsOf(BoughtTwice, { dealId: 1 });
    expect(error.properties).toEqual([
      { property: 'userId', constraints: { requireKeys: 'userId is missing' } },
      {
        property: 'again',
        constraints: { requireKeys: 'again is missing', isString: 'again must be a string' },
      },
    ]);
    expect(error.message).toContain('missing: userId, again; again must be a string.');
  });
});

describe("the class's own validate()", () => {
  let answer: () => unknown;

  @EventType('shop.Period')
  class Period {
    @IsInt() from: number;
    @IsInt() to: number;

    validate(): unknown {
      expect(this.from + this.to).not.toBeNaN();
      return answer();
    }
  }

  it.each([
    ['nothing', () => undefined, undefined],
    ['true', () => true, undefined],
    ['a promise of nothing', async () => undefined, undefined],
    ['false', () => false, { property: '', constraints: { validate: 'validate() refused it' } }],
    ['a sentence', () => 'from is after to', { property: '', constraints: { validate: 'from is after to' } }],
    ['sentences', async () => ({ to: 'is past' }), { property: 'to', constraints: { validate: 'is past' } }],
    ['no sentences', () => ({}), undefined],
  ])('accepts or refuses by returning %s', async (_, returned, problem) => {
    answer = returned;
    const types = await registryOf([Period]);
    const prepared = types.prepare(Period, { from: 1, to: 2 });
    if (problem) expect((await errorOf(prepared)).properties).toEqual([problem]);
    else await expect(prepared).resolves.toBeDefined();
  });

  it('is not asked about what the decorators refuse', async () => {
    answer = () => 'asked';
    expect((await problemsOf(Period, { from: 'x', to: 2 })).message).not.toContain('asked');
  });

  it('may throw, and that comes through as it is', async () => {
    const away = new Error('the database is away');
    answer = () => {
      throw away;
    };
    const types = await registryOf([Period]);
    expect(await errorOf(types.prepare(Period, { from: 1, to: 2 }))).toBe(away);
    const refusal = new EventValidationError('shop.Period', []);
    answer = () => Promise.reject(refusal);
    expect(await errorOf(types.prepare(Period, { from: 1, to: 2 }))).toBe(refusal);
  });

  it.each([[17], [['sentence']], [{ to: 17 }], [null]])('may not return %p', async (returned) => {
    answer = () => returned;
    const error = await errorOf((await registryOf([Period])).prepare(Period, { from: 1, to: 2 }));
    expect(error).toBeInstanceOf(InvalidEventTypeError);
    expect(error.message).toContain('expected validate() to return nothing, true or false, a sentence');
  });

  it('is that of the class, whatever the data has by its name', async () => {
    answer = () => 'asked';
    const error = await problemsOf(Period, { from: 1, to: 2, validate: () => true });
    expect(error.properties).toContainEqual({
      property: 'validate',
      constraints: { reserved: 'validate is not a property that data can have' },
    });
  });
});

describe("the class's own clean()", () => {
  it('may change the data, which is validated again', async () => {
    @EventType('shop.Search')
    class Search {
      @Matches(/^[a-z ]+$/i) words: string;
      tags: string[] = [];

      clean(): void {
        this.words = this.words === 'spoil' ? '?' : this.words.trim();
        this.tags.push('cleaned');
      }
    }
    const types = await registryOf([Search]);
    const given = { words: ' deal ', tags: ['mine'] };
    const { input, instance } = await types.prepare(Search, given);
    expect(input.data).toEqual({ words: 'deal', tags: ['mine', 'cleaned'] });
    expect(instance).toBeInstanceOf(Search);
    expect(given).toEqual({ words: ' deal ', tags: ['mine'] });
    expect((await problemsOf(Search, { words: 'spoil' })).properties[0]!.property).toBe('words');
  });

  it('may return other data, at once or later', async () => {
    @EventType('shop.Renamed')
    class Renamed {
      a?: number;
      b?: number;

      async clean() {
        const { a, ...rest } = this;
        return Promise.resolve({ ...rest, b: a });
      }
    }
    const { input, instance } = await (await registryOf([Renamed])).prepare(Renamed, { a: 1, c: 3 });
    expect(input.data).toEqual({ b: 1, c: 3 });
    expect(instance).toBeInstanceOf(Renamed);
  });

  it('may return nothing else', async () => {
    @EventType('shop.Wrong')
    class Wrong {
      clean() {
        return ['data'];
      }
    }
    const error = await errorOf((await registryOf([Wrong])).prepare(Wrong, {}));
    expect(error).toBeInstanceOf(InvalidEventTypeError);
    expect(error.message).toBe(
      'Event class Wrong: expected clean() to return the data or nothing, got an array of 1.',
    );
  });

  it('is not run again on what is stored', async () => {
    @EventType('shop.Counted')
    class Counted {
      count = 0;
      clean() {
        this.count++;
      }
    }
    const types = await registryOf([Counted]);
    const { input } = await types.prepare(Counted, {});
    expect(await types.stored('shop.Counted', input.data)).toEqual({ count: 1 });
  });
});

describe('the whitelist', () => {
  @EventType('shop.Strict')
  @RequireKeys('required')
  class Strict {
    @IsString() decorated: string;
    required: unknown;
    initialised: unknown = 'default';
    @IsOptional() @ValidateNested() @Type(() => Item) item?: Item;
  }

  @EventType('shop.Undecorated')
  class Undecorated {
    initialised: unknown = 'default';
  }

  const DATA = { decorated: 'd', required: 'r', item: { sku: 's', count: 1 } };

  it('is off by default: what is not declared is kept', async () => {
    const { input } = await (await registryOf([Strict])).prepare(Strict, { ...DATA, extra: 1 });
    expect(input.data).toEqual({ ...DATA, initialised: 'default', extra: 1 });
  });

  it.each([true, 'forbid'] as const)(
    '%p lets through what is decorated, required or initialised',
    async (whitelist) => {
      const types = await registryOf([Strict, Undecorated], { whitelist });
      expect((await types.prepare(Strict, DATA)).input.data).toEqual({ ...DATA, initialised: 'default' });
      expect((await types.prepare(Undecorated, { initialised: 1 })).input.data).toEqual({ initialised: 1 });
    },
  );

  it('drops what is not declared, in nested data too, and not from what was given', async () => {
    const types = await registryOf([Strict, Undecorated], { whitelist: true });
    const given = { ...DATA, extra: 1, item: { ...DATA.item, extra: 2 } };
    expect((await types.prepare(Strict, given)).input.data).toEqual({ ...DATA, initialised: 'default' });
    expect(given).toEqual({ ...DATA, extra: 1, item: { ...DATA.item, extra: 2 } });
    expect((await types.prepare(Undecorated, { extra: 1 })).input.data).toEqual({ initialised: 'default' });
  });

  it("refuses it when it is 'forbid', with its path", async () => {
    const error = await problemsOf(
      Strict,
      { ...DATA, extra: 1, item: { ...DATA.item, extra: 2 } },
      { whitelist: 'forbid' },
    );
    expect(error.properties.map(({ property }) => property)).toEqual(['extra', 'item.extra']);
    expect(error.message).toContain('property extra should not exist');
    const plain = await problemsOf(Undecorated, { extra: 1 }, { whitelist: 'forbid' });
    expect(plain.properties.map(({ property }) => property)).toEqual(['extra']);
  });

  it('can be given by the class', async () => {
    @EventType('shop.Own', { whitelist: 'forbid' })
    class Own {}
    await problemsOf(Own, { extra: 1 });
  });

  it('never refuses what is stored: the class may have declared it then', async () => {
    const types = await registryOf([Strict], { whitelist: 'forbid' });
    expect(await types.stored('shop.Strict', { ...DATA, extra: 1 })).toEqual({
      ...DATA,
      initialised: 'default',
    });
  });
});

describe('data that would change what the instance does', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('is refused: %s', async (name) => {
    const data: unknown = JSON.parse(`{ "dealId": "${DEAL}", ${JSON.stringify(name)}: { "position": 1 } }`);
    expect((await problemsOf(DealClick, data)).properties[0]).toEqual({
      property: name,
      constraints: { reserved: `${name} is not a property that data can have` },
    });
  });

  it('is refused in nested instances, and kept in plain objects', async () => {
    const nested: unknown = JSON.parse('[{ "sku": "a", "count": 1, "__proto__": { "sku": "b" } }]');
    const error = await problemsOf(DealClick, { dealId: DEAL, items: nested });
    expect(error.properties.map(({ property }) => property)).toEqual(['items.0.__proto__']);

    const types = await registryOf([DealClick]);
    const free: unknown = JSON.parse('{ "__proto__": 1, "constructor": 2 }');
    const { input } = await types.prepare(DealClick, { dealId: DEAL, free });
    const data = (await types.stored('shop.DealClick', input.data)) as { free: object };
    expect(Object.entries(data.free)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    expect(Object.getPrototypeOf(data.free)).toBe(Object.prototype);
  });
});
