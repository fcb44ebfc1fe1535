import type { EventLog } from 'nestjs-once';
import type { DataSourceOptions } from 'typeorm';
import { type AdapterName, startHttpApplication } from '../support/http-application.js';
import { type RawAnswer, sendRaw } from '../support/raw-http.js';
import { SHOP_EVENTS } from '../support/shop-events.js';
import { Draw } from './random.js';
import { type FuzzedRequest, fuzzedRequest } from './requests.js';

export interface FuzzOptions {
  adapter: AdapterName;
  database: DataSourceOptions;
  seed: number;
  /** Whether a further request is sent after what has happened so far. */
  goesOn: (soFar: Readonly<FuzzReport>) => boolean;
}

export interface FuzzReport {
  requests: number;
  /** Answers by their status; 0: none. */
  statuses: Record<number, number>;
  /** Events that answers said were recorded. */
  recorded: number;
  /** What must not happen, with the request that brought it about. */
  findings: string[];
}

/** Requests under way at once. */
const AT_ONCE = 8;
/** Milliseconds after which a request that HTTP is not kept to in needs no answer. */
const PATIENCE = 100;

/** Sends requests that nobody should send, and compares what is answered with what was recorded. */
export async function fuzz({ adapter, database, seed, goesOn }: FuzzOptions): Promise<FuzzReport> {
  const http = {
    allow: ['shop.*'],
    rateLimit: false as const,
    bodyLimit: '2kb',
    maxEvents: 10,
    cors: { origins: ['https://shop.example'] },
  };
  const application = await startHttpApplication({
    adapter,
    database,
    options: { events: SHOP_EVENTS, http },
  });
  const report: FuzzReport = { requests: 0, statuses: {}, recorded: 0, findings: [] };
  const unhandled = (error: unknown) => void report.findings.push(`unhandled: ${String(error)}`);
  process.on('uncaughtException', unhandled).on('unhandledRejection', unhandled);
  try {
    const recorded = new Set<string>();
    const draw = new Draw(seed);
    const sender = async () => {
      while (goesOn(report)) {
        report.requests++;
        await tried(application.port, fuzzedRequest(draw), report, recorded);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
    report.recorded = recorded.size;
    await compare(application.log, recorded, report);
    await assertNoSockets(application.app.getHttpServer(), report);
  } finally {
    process.off('uncaughtException', unhandled).off('unhandledRejection', unhandled);
    await application.close();
  }
  return report;
}

async function tried(
  port: number,
  request: FuzzedRequest,
  report: FuzzReport,
  recorded: Set<string>,
): Promise<void> {
  const answer = await sendRaw(
    port,
    { patience: request.isHttp ? 20_000 : PATIENCE },
    request.head,
    request.body,
  );
  const status = answer?.status ?? 0;
  report.statuses[status] = (report.statuses[status] ?? 0) + 1;
  const problem = objection(request, answer) ?? noted(answer, recorded);
  if (problem === undefined) return;
  report.findings.push(
    `${problem}\n  ${JSON.stringify(request.head)} ${request.body.toString('latin1')}\n  ${answer?.body}`,
  );
}

/** What is wrong with an answer; undefined when nothing is. */
function objection({ head, isHttp }: FuzzedRequest, answer: RawAnswer | undefined): string | undefined {
  if (!answer) return isHttp ? 'no answer' : undefined;
  const { status, body } = answer;
  // Of a class that fails on what it is given.
  if (status >= 500 && !body.includes('"code":"EVENT_FAILED"')) return `status ${status}`;
  // Node's own answers, before anything is known of the request, have no body.
  const hasBody =
    isHttp && !head.startsWith('HEAD') && ![204, 417].includes(status) && !head.includes('/event/log.js');
  if (!hasBody) return undefined;
  const json = jsonOf(body) as { statusCode?: number; message?: string } | undefined;
  if (json === undefined) return 'no JSON';
  if (status === 202) return undefined;
  return json.statusCode === status && json.message ? undefined : 'a body that does not say why';
}

/** Notes the keys that an answer says were recorded: no key twice. */
function noted(answer: RawAnswer | undefined, recorded: Set<string>): string | undefined {
  if (answer?.status !== 202) return undefined;
  const json = jsonOf(answer.body) as { results?: unknown[] };
  for (const { key, recorded: isNew } of (json.results ?? [json]) as { key: string; recorded: boolean }[]) {
    if (isNew && recorded.has(key)) return `recorded twice: ${key}`;
    if (isNew) recorded.add(key);
  }
  return undefined;
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

/** Every event in the log was answered for, and every one that was answered for is in the log. */
async function compare(log: EventLog, recorded: ReadonlySet<string>, report: FuzzReport): Promise<void> {
  const missing = new Set(recorded);
  for await (const { key, metadata } of log.read()) {
    if (!missing.delete(key)) report.findings.push(`in the log, but in no answer: ${key}`);
    if (metadata.source !== 'http')
      report.findings.push(`another source: ${JSON.stringify(metadata.source)}`);
  }
  for (const key of missing) report.findings.push(`answered as recorded, but not in the log: ${key}`);
  if (Object.keys(Object.prototype).length > 0) report.findings.push('a prototype was changed');
}

/** All clients have gone: so have their sockets, as soon as the server has noticed. */
async function assertNoSockets(
  server: { getConnections(done: (error: Error | null, count: number) => void): void },
  report: FuzzReport,
): Promise<void> {
  const open = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
  const deadline = performance.now() + 10_000;
  while ((await open()) > 0 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const left = await open();
  if (left > 0) report.findings.push(`${left} sockets are left open`);
}
