import { Deadline } from '../../../lib/runtime/deadline.js';
import { service, ServiceStoppedError } from '../../../lib/runtime/service.js';
import { deferred } from '../../support/deferred.js';
import { stressService } from '../../support/stress-service.js';

describe('a service', () => {
  const soon = () => new Deadline(5000);
  let calls: string[];

  beforeEach(() => {
    calls = [];
  });

  const noting = (name = 'it') =>
    service(name, { start: () => calls.push('start'), stop: () => calls.push('stop') });

  it('starts once and stops once, however often that is asked for', async () => {
    const it = noting();
    expect(it.status).toEqual({ name: 'it', state: 'new' });
    await Promise.all([it.start(), it.start()]);
    expect(it.status.state).toBe('running');
    await Promise.all([it.stop(soon()), it.stop(soon())]);
    expect(it.status.state).toBe('stopped');
    expect(calls).toEqual(['start', 'stop']);
  });

  it('stops when its start is over, and not before', async () => {
    const started = deferred();
    const it = service('it', { start: () => started.promise, stop: () => calls.push('stop') });
    const start = it.start();
    const stop = it.stop(soon());
    expect(it.status.state).toBe('stopping');
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual([]);
    started.resolve();
    await Promise.all([start, stop]);
    expect(calls).toEqual(['stop']);
    expect(it.status.state).toBe('stopped');
  });

  it('stops though it never started, or failed to, and tells why', async () => {
    const never = noting();
    await never.stop(soon());
    expect(calls).toEqual(['stop']);
    const failing = service('it', {
      start: () => Promise.reject(new Error('refused')),
      stop: () => undefined,
    });
    await expect(failing.start()).rejects.toThrow('refused');
    await failing.stop(soon());
    expect(failing.status).toEqual({ name: 'it', state: 'stopped', failure: 'Error: refused' });
  });

  it('does not start after it was stopped', async () => {
    const it = noting();
    await it.stop(soon());
    await expect(it.start()).rejects.toThrow(ServiceStoppedError);
    expect(calls).toEqual(['stop']);
  });

  it('is given up when it does not stop in time', async () => {
    const it = service('it', { stop: () => new Promise(() => undefined) });
    await expect(it.stop(new Deadline(1))).rejects.toThrow('no answer within');
    expect(it.status).toMatchObject({ state: 'stopped', failure: expect.stringContaining('no answer') });
  });

  it('tells what keeps it from its work', () => {
    const it = service('it', { failure: () => 'no connection' });
    expect(it.status).toEqual({ name: 'it', state: 'new', failure: 'no connection' });
  });

  it('takes any misuse', async () => {
    await stressService(() => {
      let state = 'new';
      return service('it', {
        start: async () => {
          expect(state).toBe('new');
          state = 'starting';
          await new Promise((resolve) => setImmediate(resolve));
          state = 'running';
        },
        stop: async () => {
          expect(['new', 'running']).toContain(state);
          state = 'stopping';
          await new Promise((resolve) => setImmediate(resolve));
        },
      });
    });
  });
});
