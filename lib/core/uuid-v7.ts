import { randomFillSync } from 'node:crypto';

/** Random bytes that are drawn at once: asking for them is what costs. */
const POOL = 4096;
/** Of 42 bits. */
const COUNTER_END = 2 ** 42 - 1;

/**
 * Makes UUIDs of version 7 (RFC 9562): 48 bits of time in milliseconds, a counter of 42 bits, 32 random bits. Those of one
 * generator rise in the order in which they are made, also when the clock stands still or goes back.
 */
export class UuidV7 {
  private readonly pool = Buffer.alloc(POOL);
  private used = POOL;
  private time = -1;
  private counter = 0;

  constructor(
    private readonly now: () => number,
    private readonly fill: (bytes: Buffer) => unknown = randomFillSync,
  ) {}

  next(): string {
    this.count(this.now());
    const time = hex(this.time, 12);
    const counter = this.counter;
    // 12 bits behind the version, 30 behind the variant.
    const high = Math.floor(counter / 2 ** 30);
    const low = counter % 2 ** 30;
    const variant = 0x8000 + Math.floor(low / 2 ** 16);
    const tail = hex(low % 2 ** 16, 4) + hex(this.random(), 8);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(high, 3)}-${hex(variant, 4)}-${tail}`;
  }

  private count(now: number): void {
    if (now > this.time || this.counter >= COUNTER_END) {
      this.time = Math.max(now, this.time + 1);
      // 41 random bits: so it has room to count on.
      this.counter = this.random() * 2 ** 9 + (this.random() >>> 23);
    } else this.counter++;
  }

  private random(): number {
    if (this.used + 4 > POOL) {
      this.fill(this.pool);
      this.used = 0;
    }
    this.used += 4;
    return this.pool.readUInt32BE(this.used - 4);
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
