import { jest } from '@jest/globals';
import { ShutdownHooks } from '../../../lib/module/shutdown-hooks.js';

describe('hooks of shutdown', () => {
  const listener = () => undefined;
  let forgotten: string[];

  beforeEach(() => {
    jest.useFakeTimers();
    forgotten = [];
  });
  afterEach(() => {
    jest.useRealTimers();
    process.off('SIGTERM', listener);
  });

  const started = () => {
    const hooks = new ShutdownHooks((signal) => forgotten.push(signal));
    hooks.watch();
    return hooks;
  };

  it('are told of once where nobody listens to the signal some time after the start', () => {
    started();
    jest.advanceTimersByTime(4000);
    expect(forgotten).toEqual([]);
    jest.advanceTimersByTime(60_000);
    expect(forgotten).toEqual(['SIGTERM']);
  });

  it('are not told of where the application has enabled them, be it after the start', () => {
    started();
    process.on('SIGTERM', listener);
    jest.runAllTimers();
    expect(forgotten).toEqual([]);
  });

  it('are not told of by an application that has been closed', () => {
    started().stop();
    jest.runAllTimers();
    expect(forgotten).toEqual([]);
  });
});
