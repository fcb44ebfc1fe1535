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

  it('an event class says what to install', async () => {
    const types = registryWithout('class-validator');
    const error = await errorOf(types.register([Click]));
    expect(error.code).toBe('MISSING_PACKAGE');
    expect(error.message).toBe(
      'Event class Click needs class-validator, which is not installed: npm install class-validator class-transformer',
    );
  });

  it('class-transformer is not needed', async () => {
    const types = registryWithout('class-transformer/cjs/storage.js');
    jest.unstable_mockModule('class-validator', () => ({
      getMetadataStorage: () => ({ getTargetValidationMetadatas: () => [] }),
    }));
    await types.register([Click]);
    const { input } = await types.prepare('shop.Click', { at: new Date(1) });
    expect(input.data).toEqual({ place: 'page', at: new Date(1) });
  });
});
