import { type OwnWork, toTellOthers } from '../../../../lib/handlers/claims/told-others.js';

const own: OwnWork = { handlerIds: new Set([1, 2]), inline: false, isWaiting: true, concurrency: 3 };

describe('toTellOthers', () => {
  it.each<[string, number[], Partial<OwnWork>, number[]]>([
    ['nothing that it starts at once', [1, 2], {}, []],
    ['handlers that it has not', [1, 3], {}, [3]],
    ['all while it is busy', [1, 2], { isWaiting: false }, [1, 2]],
    ['all when a handler has to do several', [1, 1], {}, [1, 1]],
    ['all when it cannot start as many at once', [1, 2], { concurrency: 1 }, [1, 2]],
    ['nothing that is handled inline', [1, 1], { inline: true, isWaiting: false }, []],
    ['what is not handled inline', [1, 3], { inline: true, isWaiting: false }, [3]],
    ['nothing when nobody handles it', [], { isWaiting: false }, []],
  ])('tells %s', (_, due, differing, told) => {
    expect(toTellOthers(due, { ...own, ...differing })).toEqual(told);
  });
});
