import { codecWith, refusalOf, roundTrip, thrownBy } from './codec-support.js';
import {
  Challenge,
  Donation,
  challenge,
  donation,
  fakeEntities,
  fakeLoader,
  NoPrimaryKeyError,
} from './fake-entities.js';

describe('Entities by reference', () => {
  it('are stored as name and primary key only', () => {
    const { text } = codecWith().encode({ challenge: challenge(17, 'secret') });
    expect(text).toBe('{"challenge":{"$type":"entity","value":{"entity":"Challenge","id":{"id":17}}}}');
  });

  it('come back loaded afresh, wherever they are', async () => {
    const data = {
      one: challenge(1, 'old'),
      list: [challenge(2)],
      map: new Map([[challenge(3), new Set([challenge(4)])]]),
      $type: challenge(5),
    };
    expect(await roundTrip(data)).toStrictEqual({
      one: challenge(1),
      list: [challenge(2)],
      map: new Map([[challenge(3), new Set([challenge(4)])]]),
      $type: challenge(5),
    });
  });

  it('are loaded by one call, each once, and shared', async () => {
    const load = fakeLoader();
    const stored = codecWith().encode([
      challenge(1),
      { again: challenge(1) },
      challenge(2),
      donation(1n, new Date(0)),
    ]);
    const [first, { again }] = (await codecWith().decode(stored, load)) as [Challenge, { again: Challenge }];
    expect(load.calls).toEqual([
      [
        { entity: 'Challenge', id: { id: 1 } },
        { entity: 'Challenge', id: { id: 2 } },
        { entity: 'Donation', id: { donor: 1n, at: new Date(0) } },
      ],
    ]);
    expect(again).toBe(first);
  });

  it('cost no load where there are none, and none is made up from the user’s own keys', async () => {
    const load = fakeLoader();
    const data = [{ a: new Map() }, { $type: 'entity', value: { entity: 'Challenge', id: { id: 1 } } }];
    expect(await codecWith().decode(codecWith().encode(data), load)).toStrictEqual(data);
    expect(load.calls).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['bigint', 9007199254740993n],
    ['Date', new Date(1)],
    ['Buffer', Buffer.from('id')],
    ['nested', { user: { id: 1 } }],
    ['odd', { $type: 'Date' }],
  ])('have ids that pass the transcoder: %s', async (_, id) => {
    const load = fakeLoader();
    await codecWith().decode(codecWith().encode(challenge(id)), load);
    expect(load.calls).toStrictEqual([[{ entity: 'Challenge', id: { id } }]]);
  });

  it('with an unusable id are refused', () => {
    expect(refusalOf({ c: challenge(NaN) })).toMatchObject({ path: 'data.c<entity>.id.id' });
    expect(refusalOf({ c: challenge(challenge(1)) })).toMatchObject({ path: 'data.c<entity>.id.id' });
    expect(thrownBy(() => codecWith().encode([new Challenge()]))).toBeInstanceOf(NoPrimaryKeyError);
  });

  it('after one with an id are references again', () => {
    expect(codecWith().encode([challenge(1), challenge(2)]).text).toContain('"id":2');
  });

  it('make an error of the port a typed one', () => {
    const entities = {
      ...fakeEntities,
      reference: () => {
        throw new TypeError('metadata');
      },
    };
    expect(refusalOf({ c: challenge(1) }, codecWith({ entities }))).toMatchObject({
      path: 'data.c',
      actual: 'an error: metadata',
    });
  });
});

describe('Entities that are gone', () => {
  const stored = codecWith().encode({ here: challenge(1), gone: challenge(2) });

  it('are null by default', async () => {
    expect(await codecWith().decode(stored, fakeLoader([2]))).toEqual({ here: challenge(1), gone: null });
  });

  it('are an error where asked for, of the codec or of one call', async () => {
    const expected = {
      code: 'MISSING_ENTITY',
      entity: 'Challenge',
      id: { id: 2 },
      message: expect.stringMatching(/Challenge { id: 2 }/),
    };
    const strict = codecWith({ missingEntity: 'error' });
    await expect(strict.decode(stored, fakeLoader([2]))).rejects.toMatchObject(expected);
    await expect(
      codecWith().decode(stored, fakeLoader([2]), { missingEntity: 'error' }),
    ).rejects.toMatchObject(expected);
    expect(await strict.decode(stored, fakeLoader([2]), { missingEntity: 'null' })).toMatchObject({
      gone: null,
    });
  });

  it('an unknown choice is refused', () => {
    expect(thrownBy(() => codecWith({ missingEntity: 'throw' as 'error' }))).toMatchObject({
      option: 'missingEntity',
    });
  });

  it('what the loader throws passes through, and a wrong number of results is a typed error', async () => {
    const lost = new Error('connection lost');
    await expect(codecWith().decode(stored, () => Promise.reject(lost))).rejects.toBe(lost);
    await expect(codecWith().decode(stored, async () => [null])).rejects.toMatchObject({
      code: 'PAYLOAD_NOT_DECODABLE',
    });
  });
});

describe('Entities as snapshots', () => {
  const options = { snapshots: true };

  it('come back as instances with their columns, without a load', async () => {
    const load = fakeLoader();
    const removed = {
      c: challenge(1n, 'gone'),
      list: new Set([donation(1, new Date(0), { $type: 5, cents: 2n })]),
    };
    const result = await codecWith().decode(codecWith().encode(removed, options), load);
    expect(result).toStrictEqual(removed);
    expect((result as typeof removed).c).toBeInstanceOf(Challenge);
    expect([...(result as typeof removed).list][0]).toBeInstanceOf(Donation);
    expect(load.calls).toEqual([]);
  });

  it('do not follow relations', async () => {
    const data = Object.assign(challenge(1), { donations: [donation(1, 2)] });
    expect(await codecWith().decode(codecWith().encode(data, options), fakeLoader())).toStrictEqual(
      challenge(1),
    );
  });

  it('are refused with the path where a column cannot be stored', () => {
    const data = donation(1, 2, new URL('https://example.org'));
    expect(thrownBy(() => codecWith().encode([data], options))).toMatchObject({
      path: 'data[0]<snapshot>.columns.amount',
    });
  });

  it('that cannot be restored are a typed error', async () => {
    const stored = codecWith().encode(challenge(1), options);
    const entities = {
      ...fakeEntities,
      restore: () => {
        throw new Error('no such entity');
      },
    };
    await expect(codecWith({ entities }).decode(stored, fakeLoader())).rejects.toMatchObject({
      code: 'PAYLOAD_NOT_DECODABLE',
      message: expect.stringMatching('snapshot of Challenge'),
    });
  });
});
