import type * as Api from '@opentelemetry/api';

/** The package `@opentelemetry/api`, which an application need not have. */
export type OpenTelemetryApi = typeof Api;
