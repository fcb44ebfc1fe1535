import * as api from '@opentelemetry/api';
import { NO_TELEMETRY } from '../../../lib/core/telemetry.js';
import { atMostEvery } from '../../../lib/telemetry/at-most-every.js';
import { registeredTelemetry } from '../../../lib/telemetry/registered-telemetry.js';
import { registerSdk } from '../../support/open-telemetry.js';

describe('registeredTelemetry', () => {
  const missing = (name: string) =>
    Object.assign(new Error(`Cannot find package '${name}' imported from x.js`), {
      code: 'ERR_MODULE_NOT_FOUND',
    });

  it('is nothing where the package is not installed', async () => {
    const load = () => Promise.reject(missing('@opentelemetry/api'));
    expect(await registeredTelemetry('default', load)).toBe(NO_TELEMETRY);
  });

  it('rejects where the package is installed and broken', async () => {
    const load = () => Promise.reject(missing('something-else'));
    await expect(registeredTelemetry('default', load)).rejects.toThrow('something-else');
    const broken = () => Promise.reject(new SyntaxError('@opentelemetry/api'));
    await expect(registeredTelemetry('default', broken)).rejects.toThrow(SyntaxError);
  });

  it('is nothing where no SDK is registered, and something as soon as one is', async () => {
    expect(await registeredTelemetry('default')).toBe(NO_TELEMETRY);
    const sdk = registerSdk();
    const telemetry = await registeredTelemetry('second');
    expect(telemetry.enabled).toBe(true);
    await telemetry.append([{ group: 'g', key: 'k' }], async () => undefined);
    expect(sdk.spans()[0]!.attributes).toMatchObject({ 'nestjs_once.data_source': 'second' });
    api.trace.disable();
    expect((await registeredTelemetry('default')).enabled).toBe(true);
    api.metrics.disable();
    expect(await registeredTelemetry('default')).toBe(NO_TELEMETRY);
  });
});

describe('atMostEvery', () => {
  it('asks again when the answer is old, and after a failure', async () => {
    let now = 0;
    let asked = 0;
    const read = atMostEvery(
      5000,
      async () => {
        if (++asked === 3) throw new Error('away');
        return asked;
      },
      () => now,
    );
    expect(await Promise.all([read(), read()])).toEqual([1, 1]);
    now = 4999;
    expect(await read()).toBe(1);
    now = 5000;
    expect(await read()).toBe(2);
    now = 10_000;
    await expect(read()).rejects.toThrow('away');
    expect(await read()).toBe(4);
  });
});
