import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { IsDate, IsInt, IsOptional, ValidateNested } from 'class-validator';
import { EventType, PayloadEncodingError } from 'nestjs-once';
import { challenge, Challenge } from '../payload/fake-entities.js';
import { errorOf, registryOf } from './registry-support.js';

class Money {
  #cents: number;
  constructor(cents: number) {
    if (!Number.isInteger(cents)) throw new TypeError('Money takes cents');
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
}

const MONEY = {
  name: 'Money',
  type: Money,
  encode: (money: Money) => money.cents,
  decode: (cents: number) => new Money(cents),
};

@EventType('shop.Free')
class Free {
  value?: unknown;
}

/** What a handler gets of a value that nobody decorated. */
async function through(value: unknown): Promise<unknown> {
  const types = await registryOf([Free], { types: [MONEY] });
  const { input } = await types.prepare(Free, { value });
  const restored = (await types.stored('shop.Free', input.data)) as Free;
  expect(restored).toBeInstanceOf(Free);
  return restored.value;
}

describe('data without decorators', () => {
  it.each<[string, unknown]>([
    ['a date', new Date(17)],
    ['a bigint', 2n ** 70n],
    [
      'a map',
      new Map<unknown, unknown>([
        [1, new Date(1)],
        [{ a: 1 }, new Set([2n])],
      ]),
    ],
    ['a set', new Set([new Date(2), 'x'])],
    ['bytes', Buffer.from([0, 255])],
    ['a typed array', new Uint8Array([1, 2, 3])],
    ['null', null],
    ['plain objects and arrays', { a: [{ b: [null, -0, ''] }] }],
  ])('survives: %s', async (_, value) => {
    expect(await through(value)).toEqual(value);
  });

  it('survives: a value of an own payload type, whose constructor would refuse to be called without arguments', async () => {
    const money = await through(new Money(5));
    expect(money).toBeInstanceOf(Money);
    expect((money as Money).cents).toBe(5);
    const nested = (await through({ deep: [new Map([['a', new Money(7)]])] })) as {
      deep: Map<string, Money>[];
    };
    expect(nested.deep[0]!.get('a')!.cents).toBe(7);
  });

  it('survives: an entity, as a reference', async () => {
    expect(await through(challenge(3, 'Run'))).toEqual({ loaded: { id: 3 } });
  });

  it('is a copy where it could be changed, and the same object where that would be another one', async () => {
    const types = await registryOf([Free], { types: [MONEY] });
    const [money, entity, at, list] = [new Money(1), challenge(1), new Date(0), [{ a: 1 }]];
    const { instance } = await types.prepare(Free, { value: { money, entity, at, list } });
    const value = (instance as Free).value as Record<string, object>;
    expect([value.money, value.entity]).toEqual([money, entity]);
    expect(value.money).toBe(money);
    expect(value.entity).toBe(entity);
    expect(value.at).toEqual(at);
    expect(value.at).not.toBe(at);
    expect(value.list).toEqual(list);
    expect((value.list as object[])[0]).not.toBe(list[0]);
  });

  it('may hold an object twice; cycles, depths and other classes are refused where they are encoded', async () => {
    const shared = { a: 1 };
    expect(await through([shared, shared])).toEqual([shared, shared]);
    class Other {}
    const cycle: Record<string, unknown> = {};
    Object.assign(cycle, { left: [cycle], right: { cycle } });
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    for (const [value, expected] of [
      [cycle, 'free of cycles'],
      [deep, 'nested at most 500 levels deep'],
      [{ other: new Other() }, 'an instance of Other'],
    ] as const) {
      const error = await errorOf(through(value));
      expect(error).toBeInstanceOf(PayloadEncodingError);
      expect(error.message).toContain(expected);
    }
  });
});

describe('defaults', () => {
  let made = 0;

  @EventType('shop.Defaults')
  class Defaults {
    source?: string = 'web';
    tags: string[] = [];
    at: Date = new Date(++made);
    size?: number;
  }

  it('are those of the class, made anew for each event and kept with it', async () => {
    const types = await registryOf([Defaults]);
    const first = await types.prepare(Defaults, {});
    const second = await types.prepare(Defaults, { source: 'app', tags: undefined });
    expect(first.input.data).toMatchObject({ source: 'web', tags: [] });
    expect(second.input.data).toMatchObject({ source: 'app', tags: [] });
    const { at } = first.instance as Defaults;
    expect((second.instance as Defaults).at).not.toEqual(at);
    expect(await types.stored('shop.Defaults', first.input.data)).toMatchObject({ at });
  });

  it('are given to stored events that come from before them', async () => {
    const types = await registryOf([Defaults]);
    expect(await types.stored('shop.Defaults', { size: 1 })).toMatchObject({
      source: 'web',
      tags: [],
      size: 1,
    });
    expect(await types.stored('shop.Defaults', undefined)).toMatchObject({ source: 'web' });
  });
});

describe('an instance that is logged', () => {
  @EventType('shop.Private')
  class Private {
    #secret = 'kept';
    @Transform(({ value }) => `${String(value)}!`) said = '';
    @Type(() => Number) amount?: unknown;

    get secret(): string {
      return this.#secret;
    }
    get loud(): string {
      return this.said.toUpperCase();
    }
    validate() {
      return this.secret === 'kept';
    }
  }

  it('is taken as it is, without conversions and transformations, and not changed', async () => {
    const types = await registryOf([Private]);
    const given = Object.assign(new Private(), { said: 'hello', amount: '5' });
    const { input, instance } = await types.prepare(Private, given);
    expect(input.data).toEqual({ said: 'hello', amount: '5' });
    expect(instance).not.toBe(given);
    expect((instance as Private).loud).toBe('HELLO');
    expect({ ...given }).toEqual({ said: 'hello', amount: '5' });
  });

  it('leaves what a getter works out to the getter', async () => {
    const types = await registryOf([Private]);
    expect((await types.prepare(Private, { said: 'x', loud: 'other' })).input.data).toEqual({ said: 'x!' });
  });
});

describe("class-transformer's decorators", () => {
  class Line {
    @Type(() => Date) at?: Date;
    free?: unknown;
    total(): number {
      return 1;
    }
  }

  @EventType('shop.Typed')
  class Typed {
    @Type(() => Number) count?: number;
    @Type(() => Boolean) flag?: boolean;
    @Type(() => String) text?: string;
    @Type(() => Date) at?: Date;
    @Type(() => Line) line?: Line;
    @Type(() => Line) lines?: Line[];
    @Type(() => Line) byName?: Map<string, Line>;
    @Type(() => Number) numbers?: Set<number>;
    @Type(() => Challenge) challenge?: unknown;
    @Type(() => Money) money?: unknown;
  }

  const typed = async (data: object) => {
    const types = await registryOf([Typed], { types: [MONEY] });
    const { input, instance } = await types.prepare(Typed, data);
    return { instance, stored: (await types.stored('shop.Typed', input.data)) as Typed, input };
  };

  it('convert what comes as something else', async () => {
    const { stored, input } = await typed({
      count: '3',
      flag: 1,
      text: 5,
      at: '2024-01-02T00:00:00Z',
      numbers: ['1', '2'],
    });
    const expected = {
      count: 3,
      flag: true,
      text: '5',
      at: new Date('2024-01-02'),
      numbers: new Set([1, 2]),
    };
    expect(input.data).toEqual(expected);
    expect({ ...stored }).toEqual(expected);
    expect((await typed({ at: new Date(7), numbers: new Set([1]) })).input.data).toEqual({
      at: new Date(7),
      numbers: new Set([1]),
    });
  });

  it('leave to the validation what cannot be converted', async () => {
    const data = { count: null, text: { a: 1 }, at: true, flag: [Symbol.iterator.toString()] };
    expect((await typed(data)).input.data).toMatchObject({ count: null, text: { a: 1 }, flag: [true] });
  });

  it('make nested instances, at both ends, stored as plain objects', async () => {
    const line = { at: '2024-01-02T00:00:00Z', free: { at: 'a string' } };
    const { instance, stored, input } = await typed({
      line,
      lines: [line, Object.assign(new Line(), { free: 1 })],
      byName: { first: line },
    });
    const plain = { at: new Date('2024-01-02'), free: { at: 'a string' } };
    expect(input.data).toEqual({
      line: plain,
      lines: [plain, { free: 1 }],
      byName: new Map([['first', plain]]),
    });
    expect(Object.getPrototypeOf((input.data as Typed).line)).toBe(Object.prototype);
    for (const { line: one, lines, byName } of [instance as Typed, stored]) {
      for (const each of [one!, ...lines!, byName!.get('first')!]) {
        expect(each).toBeInstanceOf(Line);
        expect(each.total()).toBe(1);
      }
    }
  });

  it('leave entities and own payload types alone, though they name their classes', async () => {
    const [entity, money] = [challenge(1), new Money(3)];
    const { instance, stored } = await typed({ challenge: entity, money });
    expect((instance as Typed).challenge).toBe(entity);
    expect((instance as Typed).money).toBe(money);
    expect((stored.money as Money).cents).toBe(3);
  });

  it('tell subclasses by a discriminator, which is stored', async () => {
    class Dot {
      @IsInt() x: number;
    }
    class Circle extends Dot {
      @IsInt() r: number;
    }
    @EventType('shop.Drawn')
    class Drawn {
      @ValidateNested({ each: true })
      @Type(() => Dot, {
        discriminator: {
          property: 'kind',
          subTypes: [
            { name: 'dot', value: Dot },
            { name: 'circle', value: Circle },
          ],
        },
      })
      shapes: Dot[];
    }
    const types = await registryOf([Drawn], { whitelist: 'forbid' });
    const shapes = [
      { kind: 'circle', x: 1, r: 2 },
      { kind: 'dot', x: 3 },
    ];
    const { input } = await types.prepare(Drawn, { shapes });
    expect(input.data).toEqual({ shapes });
    const { shapes: restored } = (await types.stored('shop.Drawn', input.data)) as Drawn;
    expect(restored).toEqual([
      Object.assign(new Circle(), { x: 1, r: 2 }),
      Object.assign(new Dot(), { x: 3 }),
    ]);
    expect(restored[0]).toBeInstanceOf(Circle);
    const refused = await errorOf(types.prepare(Drawn, { shapes: [{ kind: 'circle', x: 1 }] }));
    expect(refused.properties[0].property).toBe('shapes.0.r');
  });

  describe('@Transform, @Expose and @Exclude', () => {
    @EventType('shop.Outside')
    class Outside {
      @Transform(({ value }) => (value as string).trim()) word?: string;
      @Transform(({ value }) => (value as number) * 100) cents?: number;
      @Transform(({ obj }) => (obj as { word: string }).word.length) @Expose() size?: number;
      @Expose({ name: 'deal_id' }) dealId?: string;
      @Exclude() inner?: string = 'own';
      @Transform(({ value }) => value as unknown) entity?: unknown;
    }

    it('say what comes from outside', async () => {
      const types = await registryOf([Outside]);
      const data = { word: ' a ', cents: 5, deal_id: 'd', dealId: 'x', inner: 'forged' };
      const { input } = await types.prepare(Outside, data);
      expect(input.data).toEqual({ word: 'a', cents: 500, size: 3, dealId: 'd', inner: 'own' });
      // Once: what is stored is not transformed again.
      expect({ ...((await types.stored('shop.Outside', input.data)) as Outside) }).toEqual(input.data);
    });

    it('are given entities as they are', async () => {
      const entity = challenge(1);
      const { instance } = await (await registryOf([Outside])).prepare(Outside, { word: '', entity });
      expect((instance as Outside).entity).toBe(entity);
    });

    it('refuse what makes them fail', async () => {
      const error = await errorOf((await registryOf([Outside])).prepare(Outside, { word: 17, deal_id: 'd' }));
      expect(error.properties).toContainEqual({
        property: 'word',
        constraints: {
          transform: expect.stringMatching(/^word could not be transformed \(.*trim is not a function\)/),
        },
      });
    });

    it('can shut a class, but for what it exposes', async () => {
      @Exclude()
      @EventType('shop.Shut')
      class Shut {
        @Expose() open?: number;
        shut?: number;
      }
      const { input } = await (await registryOf([Shut])).prepare(Shut, { open: 1, shut: 2, other: 3 });
      expect(input.data).toEqual({ open: 1 });
    });
  });
});

describe('stored data', () => {
  @EventType('shop.Changed')
  class Changed {
    @IsDate() at: Date;
    @IsOptional() @IsInt() size?: number;
  }

  it('is refused where the class does not accept it any more', async () => {
    const types = await registryOf([Changed]);
    expect(await types.stored('shop.Changed', { at: new Date(1) })).toBeInstanceOf(Changed);
    const error = await errorOf(types.stored('shop.Changed', { at: 'text', size: 1.5 }));
    expect(error.code).toBe('EVENT_VALIDATION');
    expect(error.properties.map(({ property }: { property: string }) => property)).toEqual(['at', 'size']);
    expect((await errorOf(types.stored('shop.Changed', [1]))).message).toContain(
      'expected an object, got an array',
    );
  });

  it('of a group without a class is nobody’s business', async () => {
    const types = await registryOf([Changed]);
    expect(types.has('other')).toBe(false);
    expect(types.restore('other', 17)).toBe(17);
  });
});
