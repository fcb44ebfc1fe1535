import { PayloadTooLargeError } from './errors.js';

const PARTS_AT_ONCE = 1000;

/** Text that is put together from many small parts and may not grow beyond a limit. */
export class BoundedText {
  private length = 0;
  private parts: string[] = [];
  private readonly joined: string[] = [];

  /** @param maxLength characters; each takes a byte or more, so a limit in bytes never refuses what would fit */
  constructor(private readonly maxLength: number) {}

  append(part: string): void {
    this.assertRoomFor(part.length);
    this.length += part.length;
    this.parts.push(part);
    // Joined now and then: a million parts, or a string of a million concatenations, take far more memory.
    if (this.parts.length >= PARTS_AT_ONCE) this.join();
  }

  /** Throws `PayloadTooLargeError` unless so many more characters fit. */
  assertRoomFor(length: number): void {
    const needed = this.length + length;
    if (needed > this.maxLength) throw new PayloadTooLargeError(needed, this.maxLength);
  }

  toString(): string {
    this.join();
    return this.joined.join('');
  }

  private join(): void {
    this.joined.push(this.parts.join(''));
    this.parts = [];
  }
}
