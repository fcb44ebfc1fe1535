import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';

export interface ScriptAnswer {
  status: 200 | 304;
  headers: Record<string, string>;
  body: string;
}

/** Changes when the package does, which is seldom; then pages have it within this time. */
const CACHE_SECONDS = 3600;

/** The browser client as a script that a page can name. */
export class ClientScript {
  private readonly tag: string;

  constructor(private readonly text: string) {
    this.tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  }

  /** Reads the file, once for all requests. */
  static at(file: URL): ClientScript {
    return new ClientScript(readFileSync(file, 'utf8'));
  }

  answer({ headers }: Pick<IncomingMessage, 'headers'>): ScriptAnswer {
    const tags = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    const isKnown = tags.includes(this.tag) || tags.includes('*');
    return {
      status: isKnown ? 304 : 200,
      headers: {
        'Content-Type': 'text/javascript; charset=utf-8',
        'Cache-Control': `public, max-age=${CACHE_SECONDS}`,
        'X-Content-Type-Options': 'nosniff',
        // Any page may name it, as it may copy it.
        'Cross-Origin-Resource-Policy': 'cross-origin',
        ETag: this.tag,
      },
      body: isKnown ? '' : this.text,
    };
  }
}
