import type { TracerProvider } from '@opentelemetry/api';
import { NO_TELEMETRY, type Telemetry } from '../core/telemetry.js';
import { ifInstalled } from '../core/optional-package.js';
import type { OpenTelemetryApi } from './api.js';
import { OpenTelemetry } from './open-telemetry.js';

const PACKAGE = '@opentelemetry/api';

/**
 * Spans and metrics where `@opentelemetry/api` is installed and an SDK is registered with it by now; else nothing, at
 * no cost. `dataSource` is named on all of them where it is not the default one.
 */
export async function registeredTelemetry(
  dataSource: string,
  load: () => Promise<OpenTelemetryApi> = () => import('@opentelemetry/api'),
): Promise<Telemetry> {
  const api = await ifInstalled(PACKAGE, load);
  if (!api || !(hasTracing(api) || hasMetrics(api))) return NO_TELEMETRY;
  return new OpenTelemetry(api, dataSource === 'default' ? {} : { 'nestjs_once.data_source': dataSource });
}

/** The provider that the api hands out stands in for the one that is registered with it, if any. */
function hasTracing(api: OpenTelemetryApi): boolean {
  const provider: TracerProvider & { getDelegateTracer?(name: string): unknown } =
    api.trace.getTracerProvider();
  return !provider.getDelegateTracer || provider.getDelegateTracer('nestjs-once') !== undefined;
}

function hasMetrics(api: OpenTelemetryApi): boolean {
  return api.metrics.getMeter('nestjs-once') !== api.createNoopMeter();
}
