import type { PayloadOwner } from './payload-owner.js';

/**
 * What the bytes of every payload pass on their way to the database and back, such as compression or encryption.
 * `load` undoes `dump`; both are told whose payload it is. The names of the steps are stored with the payload, which is
 * read back by them.
 */
export interface PayloadStep {
  /** Stored with every payload: letters, digits, `-`, `_` and `.`. Not to be changed while stored payloads carry it. */
  readonly name: string;
  dump(bytes: Uint8Array, owner: PayloadOwner): Uint8Array;
  load(bytes: Uint8Array, owner: PayloadOwner): Uint8Array;
}
