import {
  createServer,
  type IncomingMessage,
  request as send,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request: it passes, it passes and its answer is lost, it is cut off, or somebody else answers. */
type Turn = 'pass' | 'lost' | 'cut' | { status: number; type?: string; body?: string };

const page = (status: number): Turn => ({ status, type: 'text/html', body: `<h1>${status}</h1>` });

/** In turn, for all that is posted. */
const TURNS: readonly Turn[] = [
  'pass',
  page(400),
  page(413),
  'pass',
  'lost',
  { status: 429 },
  page(200),
  'pass',
  page(502),
  'cut',
  { status: 404, type: 'application/json', body: '{"statusCode":404,"errors":[{"index":0}]}' },
  'pass',
  { status: 202, type: 'application/json', body: '{"queued":true}' },
];

/** A proxy in front of a port, which has its own mind about what is posted. */
export class HostileProxy {
  private server?: Server;
  private turn = 0;
  /** How many were posted. */
  posts = 0;

  constructor(
    private readonly port: number,
    /** What it serves itself, by path. */
    private readonly pages: Readonly<Record<string, string>>,
  ) {}

  get url(): string {
    return `http://localhost:${(this.server!.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    this.server = createServer((request, response) => this.serve(request, response));
    await new Promise<void>((resolve) => this.server!.listen(0, resolve));
    return this;
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const own = this.pages[request.url!];
    if (own !== undefined) return void response.setHeader('content-type', 'text/html').end(own);
    const turn = request.method === 'POST' ? TURNS[this.turn++ % TURNS.length]! : 'pass';
    if (request.method === 'POST') this.posts++;
    if (turn === 'cut') request.socket.destroy();
    else if (turn === 'pass' || turn === 'lost') this.forward(request, response, turn === 'lost');
    else request.resume().on('end', () => answer(response, turn));
  }

  private forward(request: IncomingMessage, response: ServerResponse, isLost: boolean): void {
    const { method, url: path, headers } = request;
    const forwarded = send({ host: '127.0.0.1', port: this.port, method, path, headers }, (answered) => {
      if (isLost) return void answered.resume().on('end', () => answer(response, { status: 502 }));
      response.writeHead(answered.statusCode!, answered.headers);
      answered.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  }
}

function answer(response: ServerResponse, turn: Exclude<Turn, string>): void {
  response.writeHead(turn.status, turn.type === undefined ? {} : { 'content-type': turn.type });
  response.end(turn.body);
}
