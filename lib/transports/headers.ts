/** The sent event's key: what makes it the same message. */
export const MESSAGE_ID = 'message-id';
export const CORRELATION_ID = 'correlation-id';
/** The key of the event whose handler emitted the one that is sent. */
export const CAUSATION_ID = 'causation-id';
/** Trace context by W3C. */
export const TRACE_HEADERS = ['traceparent', 'tracestate'] as const;
