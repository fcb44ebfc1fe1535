import { isIP, SocketAddress } from 'node:net';

/** What is needed of a request: Express's, Fastify's and Node's own have it. */
export interface RequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket?: { readonly remoteAddress?: string | undefined } | null;
  /** The client's address as the platform sees it, by the application's own `trust proxy` or `trustProxy`. */
  readonly ip?: string | undefined;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * The address of the client that sent the request, as far as `trustedProxies` proxies in front of the application can be
 * believed: with 0 as far as the platform believes them, which by default is not at all; with n the n-th entry of
 * `X-Forwarded-For` from the right, or the first where there are fewer. Where that is no address, the nearest one to its
 * right, in the end the socket's; undefined when there is none.
 */
export function clientAddress(request: RequestLike, trustedProxies: number): string | undefined {
  const hops = trustedProxies > 0 ? forwardedFor(request).slice(-trustedProxies) : [request.ip ?? ''];
  for (const hop of [...hops, request.socket?.remoteAddress ?? '']) {
    const address = plainAddress(hop);
    if (address !== undefined) return address;
  }
  return undefined;
}

function forwardedFor({ headers }: RequestLike): string[] {
  const header = headers['x-forwarded-for'] ?? [];
  return (Array.isArray(header) ? header : [header]).flatMap((line) => line.split(',')).filter(hasText);
}

function hasText(entry: string): boolean {
  return entry.trim() !== '';
}

/** Without port, brackets and zone, in the usual spelling; an IPv4 address that is mapped into IPv6 as IPv4. */
function plainAddress(entry: string): string | undefined {
  const host = withoutPort(entry.trim());
  const [address = ''] = host.split('%');
  const version = isIP(address);
  if (version === 4) return address;
  if (version !== 6) return undefined;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  return MAPPED.exec(canonical)?.[1] ?? canonical;
}

function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry);
  if (bracketed) return bracketed[1]!;
  return entry.replace(/^([^:]*):\d+$/, '$1');
}
