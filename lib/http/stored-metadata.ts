import { isIPv6 } from 'node:net';
import type { EventMetadata } from '../core/event.js';
import { networkOf } from './client-network.js';

/** What of a sender is stored with its events. */
export interface StoredMetadata {
  ip: boolean | 'truncated';
  userAgent: boolean;
}

export function metadataToStore(
  { ip, userAgent }: Partial<EventMetadata>,
  wanted: StoredMetadata,
): Partial<EventMetadata> {
  return {
    ...(wanted.ip && ip !== undefined ? { ip: wanted.ip === 'truncated' ? truncated(ip) : ip } : {}),
    ...(wanted.userAgent && userAgent !== undefined ? { userAgent } : {}),
  };
}

/** A network that many share: 24 bits of IPv4, 48 of IPv6. */
function truncated(address: string): string {
  return isIPv6(address) ? `${networkOf(address, 3)}::` : address.replace(/\d+$/, '0');
}
