import { createHash } from 'node:crypto';
import { InvalidOptionError } from './errors.js';
import { describe } from './describe.js';

/** The namespace of names that are URLs, or paths of these: RFC 9562. */
export const NAMESPACE_URL = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';

/** The UUID, version 5, of a name in a namespace: always the same, and another for each name. */
export function uuidV5(name: string, namespace: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(namespace))
    throw new InvalidOptionError('namespace', 'a UUID', describe(namespace), 'uuidV5');
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
