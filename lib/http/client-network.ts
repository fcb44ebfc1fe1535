import { isIPv6 } from 'node:net';

/** What requests of one client are counted by: its address; of IPv6 the network of 64 bits, which one client has whole. */
export function clientNetwork(address: string): string {
  return isIPv6(address) ? `${networkOf(address, 4)}::/64` : address;
}

/** The first groups of an address of IPv6, none of them left out. */
export function networkOf(address: string, count: number): string {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...new Array<string>(zeros).fill('0'), ...after];
  return groups.slice(0, count).join(':');
}
