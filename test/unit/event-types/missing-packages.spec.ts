import { jest } from '@jest/globals';
import { EventType } from 'nestjs-once';
import { EventTypeRegistry } from '../../../lib/event-types/event-type-registry.js';
import { errorOf } from './registry-support.js';

@EventType('shop.Click')
class Click {
  place = 'page';
}

const absent = (name: string) => () => {
  throw Object.assign(new Error(`Cannot find package '${name}' imported from here`), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
};

/** Nothing loads them before a class is registered. */
function registryWithout(file: string) {
  jest.unstable_mockModule(file, absent(file.split('/')[0]!));
  return new EventTypeRegistry({
    nestedNames: false,
    whitelist: false,
    trustedProxies: 0,
    now: Date.now,
    isOwn: () => false,
  });
}

describe('without the optional packages', () => {
  it('nothing is missed where there are no event classes', async () => {
    const types = registryWithout('class-validator');
    await expect(types.register([])).resolves.toBeUndefined();
    expect(types.has('shop.Click')).toBe(false);
  });

  it.each(['class-validator', 'class-transformer'])('an event class says to install %s', async (name) => {
    jest.resetModules();
    jest.unstable_mockModule('class-validator', () => ({}));
    const types = registryWithout(name);
    const error = await errorOf(types.register([Click]));
    expect(error.code).toBe('MISSING_PACKAGE');
    expect(error.message).toBe(
      `Event class Click needs ${name}, which is not installed: npm install class-validator class-transformer`,
    );
  });

  it('an event class says that a bundler has taken two copies of class-transformer', async () => {
    jest.resetModules();
    jest.unstable_mockModule('class-validator', () => ({}));
    jest.unstable_mockModule('class-transformer', () => ({ Type: () => () => undefined }));
    const types = registryWithout('rate-limiter-flexible');
    expect((await errorOf(types.register([Click]))).code).toBe('SPLIT_PACKAGE');
  });
});
