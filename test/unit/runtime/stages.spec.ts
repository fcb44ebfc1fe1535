import { type Service, service } from '../../../lib/runtime/service.js';
import { Stages } from '../../../lib/runtime/stages.js';
import { deferred } from '../../support/deferred.js';

describe('stages', () => {
  let calls: string[];
  let failures: string[];

  beforeEach(() => {
    calls = [];
    failures = [];
  });

  const noting = (name: string, parts: Parameters<typeof service>[1] = {}) =>
    service(name, {
      start: () => calls.push(`start ${name}`),
      stop: () => calls.push(`stop ${name}`),
      ...parts,
    });
  const stages = (...services: Service[][]) =>
    new Stages(
      services.map((each) => ({ services: each })),
      5000,
      ({ name }, error) => failures.push(`${name}: ${String(error)}`),
    );

  it('start one after the other, and stop in the opposite order', async () => {
    const all = stages([noting('a')], [noting('b'), noting('c')], [noting('d')]);
    await all.start();
    expect(all.statuses.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'a running',
      'b running',
      'c running',
      'd running',
    ]);
    calls.length = 0;
    await Promise.all([all.stop(), all.stop()]);
    expect(calls).toEqual(['stop d', 'stop b', 'stop c', 'stop a']);
  });

  it('stop what had started when a start fails', async () => {
    const refuse = () => Promise.reject(new Error('refused'));
    const all = stages([noting('a')], [noting('b', { start: refuse })], [noting('c')]);
    await expect(all.start()).rejects.toThrow('refused');
    expect(calls).toEqual(['start a', 'stop c', 'stop b', 'stop a']);
    expect(all.statuses.map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped']);
  });

  it('stop the others where one does not, and tell of it', async () => {
    const hang = noting('hang', { stop: () => new Promise(() => undefined) });
    const all = new Stages(
      [{ services: [noting('a')] }, { services: [hang], limit: 1 }],
      5000,
      ({ name }, error) => failures.push(`${name}: ${String(error)}`),
    );
    await all.stop();
    expect(calls).toEqual(['stop a']);
    expect(failures).toEqual([expect.stringMatching(/^hang: NoAnswerError: no answer within/)]);
  });

  it('tell once of each service that a stop waits for, what it is waited for and how long, and of no other', async () => {
    const [told, telling] = [deferred(), deferred()];
    const waits: string[] = [];
    const slow = noting('slow', { stop: () => told.promise, waitsFor: () => 'two handlers' });
    const slower = noting('slower', { stop: () => telling.promise });
    const all = new Stages(
      [{ services: [noting('quick')] }, { services: [slow, slower] }],
      60_000,
      ({ name }, error) => failures.push(`${name}: ${String(error)}`),
      ({ waitsFor }, left) => {
        waits.push(`${waitsFor} ${left > 50_000 && left < 60_000}`);
        if (waits.length === 2) [told, telling].forEach((each) => each.resolve());
      },
    );
    await all.stop();
    expect(waits).toEqual(['two handlers true', 'slower true']);
    expect(failures).toEqual([]);
  });
});
