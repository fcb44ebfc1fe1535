import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpAdapterHost } from '@nestjs/core';
import type { RequestLike } from '../core/client-address.js';
import type { Front } from './front.js';
import { exceptionOf } from './http-answer.js';
import { RefusedRequestError } from './refused-request.js';
import { pronounce } from './verdict.js';

/** What is needed of Fastify, which an application on Express does not have. */
interface Instance {
  addHook(name: string, hook: (request: Request, reply: Reply) => Promise<unknown>): void;
}

interface Request extends RequestLike {
  readonly raw: IncomingMessage;
  headers: Record<string, string | string[] | undefined>;
}

interface Reply {
  readonly raw: ServerResponse;
  code(status: number): Reply;
  headers(headers: Readonly<Record<string, string>>): Reply;
  send(): Reply;
}

/** By these Fastify sees whether there is a body, and who is to parse it. */
const BODY_HEADERS = ['content-type', 'content-length', 'transfer-encoding'] as const;

/**
 * Hooks around Fastify's parsing, which would refuse what has no parser: it sees a request without a body, guards and
 * the rest see it as it came.
 */
export function frontForFastify(adapter: HttpAdapterHost['httpAdapter'], front: Front): void {
  const instance = adapter.getInstance<Instance>();
  instance.addHook('onRequest', async (request, reply) => {
    if (front.isFor(request.raw)) return admit(front, request, reply);
  });
  instance.addHook('preValidation', async (request) => {
    if (front.receivedWith(request.raw)) request.headers = bodyHeaders(request.raw);
  });
}

async function admit(front: Front, request: Request, reply: Reply): Promise<Reply | undefined> {
  try {
    const preflight = front.preflight(request.raw);
    if (preflight) return reply.code(204).headers(preflight).send();
    if (request.raw.method !== 'POST') return undefined;
    await front.receive(request.raw, request, (headers) => void reply.headers(headers));
    request.headers = Object.fromEntries(BODY_HEADERS.map((name) => [name, undefined]));
    return undefined;
  } catch (error) {
    if (!(error instanceof RefusedRequestError)) throw error;
    reply.headers(error.headers);
    if (error.verdict) pronounce(reply.raw, error.verdict);
    throw exceptionOf(error);
  }
}

/** Fastify's setter adds to the headers that came. */
const bodyHeaders = ({ headers }: IncomingMessage): Request['headers'] =>
  Object.fromEntries(BODY_HEADERS.map((name) => [name, headers[name]]));
