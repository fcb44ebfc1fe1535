import { clientAddress } from '../../../lib/core/client-address.js';

const SOCKET = '10.0.0.1';

function request(forwardedFor?: string | string[], remoteAddress: string | undefined = SOCKET) {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return { headers, socket: { remoteAddress } };
}

describe('The address of the client', () => {
  it('is that of the socket where no proxy is trusted, whatever the header says', () => {
    expect(clientAddress(request(), 0)).toBe(SOCKET);
    expect(clientAddress(request('203.0.113.7'), 0)).toBe(SOCKET);
  });

  it("is what the platform says where the platform's own trust is all there is", () => {
    const seen = { ...request('203.0.113.7'), ip: '203.0.113.7' };
    expect(clientAddress(seen, 0)).toBe('203.0.113.7');
    expect(clientAddress({ ...seen, ip: undefined }, 0)).toBe(SOCKET);
    expect(clientAddress({ ...request('198.51.100.2'), ip: '203.0.113.7' }, 1)).toBe('198.51.100.2');
  });

  it.each([
    [1, '198.51.100.2'],
    [2, '203.0.113.7'],
    [3, '192.0.2.66'],
    [9, '192.0.2.66'],
  ])('is what the last of %d trusted proxies saw', (trusted, expected) => {
    expect(clientAddress(request('192.0.2.66, 203.0.113.7 ,198.51.100.2'), trusted)).toBe(expected);
  });

  it('is not moved by what a client wrote in front', () => {
    const genuine = '203.0.113.7';
    for (const forged of ['6.6.6.6', '6.6.6.6, 7.7.7.7', 'nonsense, , "', ',,,,']) {
      expect(clientAddress(request(`${forged}, ${genuine}`), 1)).toBe(genuine);
    }
  });

  it('is read from a header that came in several lines', () => {
    expect(clientAddress(request(['192.0.2.66', '203.0.113.7, 198.51.100.2']), 2)).toBe('203.0.113.7');
  });

  it.each([
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
  ])('is %s written as %s', (entry, expected) => {
    expect(clientAddress(request(entry), 1)).toBe(expected);
    expect(clientAddress(request(undefined, entry), 0)).toBe(expected);
  });

  it.each([
    'unknown',
    '_hidden',
    '1.2.3',
    '1.2.3.4.5',
    '999.1.1.1',
    '[::1',
    '1.2.3.4:',
    "'; --",
    '%eth0',
    '\0',
  ])('is that of the next one towards the application where the entry is %p', (garbage) => {
    expect(clientAddress(request(garbage), 1)).toBe(SOCKET);
    expect(clientAddress(request(`${garbage}, 198.51.100.2`), 2)).toBe('198.51.100.2');
  });

  it('is not known of a request that came through no network', () => {
    expect(clientAddress({ headers: {} }, 0)).toBeUndefined();
    expect(clientAddress({ headers: {}, socket: null }, 1)).toBeUndefined();
    expect(clientAddress(request('garbage', '@'), 1)).toBeUndefined();
  });
});
