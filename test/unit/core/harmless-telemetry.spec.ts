import { NO_TELEMETRY, type Telemetry } from '../../../lib/core/telemetry.js';
import { harmlessTelemetry } from '../../../lib/core/harmless-telemetry.js';

type Around = (work: () => Promise<unknown>) => Promise<unknown>;

const START = { handler: 'h', group: 'g', key: 'k', position: 1, attempt: 1, metadata: '{}' };
const FIGURES = { rows: 0, events: 0, recorded: 0, failed: 0, interrupted: false };

/** Hooks around work, by what they do wrong. */
const HOOKS: Record<string, Around> = {
  'throws before the work': () => {
    throw new Error('hook');
  },
  'throws when the work has begun': (work) => {
    void work();
    throw new Error('hook');
  },
  'rejects after the work': async (work) => {
    await work();
    throw new Error('hook');
  },
  'never ends': (work) => {
    void work();
    return new Promise(() => undefined);
  },
  'never begins the work': () => new Promise(() => undefined),
  'returns no promise': () => undefined as never,
  'begins the work twice': async (work) => {
    await Promise.all([work(), work()]);
  },
};

describe('harmlessTelemetry', () => {
  const guarded = (hook: Around, failed: (hook: string, error: unknown) => void = () => undefined) =>
    harmlessTelemetry(
      {
        ...NO_TELEMETRY,
        enabled: true,
        append: (_, work) => hook(() => work({ traceparent: 't' })) as never,
        handle: (_, work) => hook(work) as never,
        scan: (_source, _entity, work) => hook(work) as never,
      },
      failed,
    );
  const ways = (telemetry: Telemetry, work: () => Promise<string>) => ({
    append: () => telemetry.append([], work),
    handle: () => telemetry.handle(START, work, () => ({ outcome: 'succeeded' })),
    scan: () => telemetry.scan('s', 'e', work, () => FIGURES),
  });

  describe.each(Object.entries(HOOKS))('a hook that %s', (_, hook) => {
    it.each(['append', 'handle', 'scan'] as const)(
      'leaves the work of %s done once, with its result',
      async (way) => {
        let count = 0;
        const work = async () => `done ${++count}`;
        await expect(ways(guarded(hook), work)[way]()).resolves.toBe('done 1');
        const fails = () => Promise.reject(new Error('of the work'));
        await expect(ways(guarded(hook), fails)[way]()).rejects.toThrow('of the work');
        expect(count).toBe(1);
      },
    );
  });

  it('gives the work what the hook gives it', async () => {
    const headers = await guarded((work) => work()).append([], async (given) => given);
    expect(headers).toEqual({ traceparent: 't' });
  });

  it('tells of the first failure of each hook, and not of those of the work', async () => {
    const told: string[] = [];
    const failed = (hook: string, error: unknown) => void told.push(`${hook}: ${String(error)}`);
    const telemetry = guarded(HOOKS['rejects after the work']!, failed);
    const work = async () => 'done';
    for (const way of ['append', 'append', 'scan'] as const) await ways(telemetry, work)[way]();
    const passing = guarded((run) => run(), failed);
    await ways(passing, () => Promise.reject(new Error('of the work')))
      .handle()
      .catch(() => undefined);
    expect(told).toEqual(['append: Error: hook', 'scan: Error: hook']);
  });

  it('keeps what throws in any other hook to itself, and what is told of it too', () => {
    const throws = () => {
      throw new Error('hook');
    };
    const hooks = {
      ...{ recorded: throws, claimed: throws, settled: throws, watchBacklog: throws, close: throws },
      ...{ passed: throws, setBack: throws, watchFollowers: throws },
    };
    const telemetry = harmlessTelemetry({ ...NO_TELEMETRY, ...hooks, enabled: true }, throws);
    telemetry.recorded('g');
    telemetry.claimed([], 0);
    telemetry.settled('h', 'g', 'succeeded');
    telemetry.watchBacklog(async () => []);
    telemetry.passed('f', 1);
    telemetry.setBack('f', 'g', 'retry');
    telemetry.watchFollowers(async () => []);
    telemetry.close();
  });

  it('is the telemetry itself where nobody watches', () => {
    expect(harmlessTelemetry(NO_TELEMETRY, () => undefined)).toBe(NO_TELEMETRY);
  });
});
