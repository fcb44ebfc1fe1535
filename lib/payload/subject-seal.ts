import { hkdfSync } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import type { StoredPayload } from '../core/stored-payload.js';
import { AesGcm } from './aes-gcm.js';
import { PayloadDecodingError } from './errors.js';
import type { PayloadOwner } from './payload-owner.js';
import type { KnownKey, LiveSubjectKey, SubjectKeys } from './subject-keys.js';

/** Behind the encoding of what can be read only while the keys of all its subjects are there. */
const SUFFIX = '+subjects';
const LENGTH = 4;

/** A subject with the id of its key. */
type Sealer = readonly [subject: string, keyId: string];

/**
 * Snapshots of what personal data was put into: encrypted with a key that is derived from those of all its subjects, so
 * that nobody can read one when any of these has been forgotten. They can be made again.
 */
export class SubjectSeal {
  constructor(private readonly keys: SubjectKeys) {}

  isSealed({ encoding }: StoredPayload): boolean {
    return encoding.endsWith(SUFFIX);
  }

  /** Undefined where the key of one of them is gone: what is stored may hold what was forgotten. */
  async seal(
    stored: StoredPayload,
    subjects: ReadonlySet<string>,
    owner: PayloadOwner,
  ): Promise<StoredPayload | undefined> {
    const sorted = [...subjects].sort();
    const keys = await this.keys.find(sorted);
    const live = sorted.flatMap((subject) => liveKey(subject, keys.get(subject)));
    if (live.length < sorted.length) return undefined;
    const header = Buffer.from(JSON.stringify(live.map(({ subject, id }) => [subject, id])));
    const length = Buffer.alloc(LENGTH);
    length.writeUInt32BE(header.byteLength);
    const encoding = stored.encoding + SUFFIX;
    const bytes = stored.bytes ?? Buffer.from(stored.text ?? '');
    const aes = derived(live);
    const sealed = aes.encrypt(bytes, bound(header, encoding, owner));
    return { text: null, bytes: Buffer.concat([length, header, sealed]), encoding };
  }

  /** Rejects with `PayloadDecodingError` where one of the subjects has been forgotten since, or it was changed. */
  async open(
    { bytes, encoding }: StoredPayload,
    owner: PayloadOwner,
    runner?: QueryRunner,
  ): Promise<{ stored: StoredPayload; subjects: readonly string[] }> {
    const sealed = Buffer.from(bytes ?? []);
    const end = sealed.byteLength < LENGTH ? 0 : LENGTH + sealed.readUInt32BE();
    const header = sealed.subarray(LENGTH, end);
    const sealers = sealersIn(header);
    const keys = await this.keys.find(
      sealers.map(([subject]) => subject),
      runner,
    );
    const live = sealers.flatMap(([subject, id]) => {
      const key = keys.get(subject);
      return key?.id === id ? liveKey(subject, key) : [];
    });
    if (live.length < sealers.length)
      throw new PayloadDecodingError('a subject whose data went into it has been forgotten since', {
        event: owner,
      });
    const opened = derived(live).decrypt(sealed.subarray(end), bound(header, encoding, owner));
    if (!opened) throw new PayloadDecodingError('it was changed or cut short', { event: owner });
    const inner = encoding.slice(0, -SUFFIX.length);
    const subjects = sealers.map(([subject]) => subject);
    return inner === 'json'
      ? { stored: { text: opened.toString('utf8'), bytes: null, encoding: inner }, subjects }
      : { stored: { text: null, bytes: opened, encoding: inner }, subjects };
  }
}

function liveKey(subject: string, key: KnownKey | undefined): LiveSubjectKey[] {
  return !key || key.erased ? [] : [{ subject, id: key.id, secret: key.secret }];
}

function derived(keys: readonly LiveSubjectKey[]): AesGcm {
  const secrets = Buffer.concat(keys.map(({ secret }) => secret));
  return new AesGcm(Buffer.from(hkdfSync('sha256', secrets, '', 'nestjs-once snapshot', 32)));
}

function bound(header: Buffer, encoding: string, { key, group }: PayloadOwner): string {
  return `${encoding}\0${key}\0${group}\0${header.toString('utf8')}`;
}

function sealersIn(header: Buffer): readonly Sealer[] {
  try {
    return JSON.parse(header.toString('utf8')) as readonly Sealer[];
  } catch {
    throw new PayloadDecodingError('its list of subjects was changed or cut short');
  }
}
