import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpAdapterHost } from '@nestjs/core';
import type { RequestLike } from '../core/client-address.js';
import type { Front } from './front.js';
import { exceptionOf } from './http-answer.js';
import { RefusedRequestError } from './refused-request.js';
import { pronounce } from './verdict.js';

type Next = (error?: unknown) => void;

/**
 * A middleware before all others, since providers are made before Nest puts in its body parsers. Those pass by a
 * request whose body was read to its end.
 */
export function frontForExpress(adapter: HttpAdapterHost['httpAdapter'], front: Front): void {
  adapter.use((request: IncomingMessage & RequestLike, response: ServerResponse, next: Next) => {
    if (!front.isFor(request)) return next();
    const setHeaders = (headers: Readonly<Record<string, string>>) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    };
    void admitted(front, request, setHeaders).then(
      (isAnswered) => (isAnswered ? response.writeHead(204).end() : next()),
      (error: unknown) => {
        if (!(error instanceof RefusedRequestError)) return next(error);
        setHeaders(error.headers);
        if (error.verdict) pronounce(response, error.verdict);
        if (front.route.isFiltered) next(exceptionOf(error));
        else answer(response, error);
      },
    );
  });
}

/** True for a preflight, which ends here. */
async function admitted(
  front: Front,
  request: IncomingMessage & RequestLike,
  setHeaders: (headers: Record<string, string>) => void,
): Promise<boolean> {
  const preflight = front.preflight(request);
  if (preflight) setHeaders(preflight);
  else if (request.method === 'POST') await front.receive(request, request, setHeaders);
  return preflight !== undefined;
}

function answer(response: ServerResponse, refusal: RefusedRequestError): void {
  response.writeHead(refusal.status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(exceptionOf(refusal).getResponse()));
}
