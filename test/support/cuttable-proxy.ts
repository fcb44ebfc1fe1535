import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A way to a server that can be cut: what is open breaks off, and new connections are closed at once. Or what is open goes silent. */
export class CuttableProxy {
  /** When somebody tried in vain, by `performance.now()`. */
  readonly refused: number[] = [];
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  private constructor(private readonly server: Server) {}

  /** In front of the server of this URL. */
  static async before(target: string): Promise<CuttableProxy> {
    const { hostname, port, protocol } = new URL(target);
    const server = createServer();
    const proxy = new CuttableProxy(server);
    const defaultPort = protocol === 'postgres:' ? 5432 : 3306;
    server.on('connection', (socket) => proxy.pass(socket, hostname, Number(port) || defaultPort));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** The URL, by way of the proxy. */
  through(target: string): string {
    const url = new URL(target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** What is open stays so and carries nothing any more, as where a network has forgotten it; new connections do. */
  silence(): void {
    for (const socket of this.sockets) socket.unpipe().resume();
  }

  restore(): void {
    this.isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private pass(socket: Socket, host: string, port: number): void {
    if (this.isCut) {
      this.refused.push(performance.now());
      socket.destroy();
      return;
    }
    const onward = connect(port, host);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
