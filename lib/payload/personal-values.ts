import type { AesGcm } from './aes-gcm.js';
import { PayloadDecodingError, UnknownKeyError } from './errors.js';
import type { PayloadOwner } from './payload-owner.js';
import type { KnownKey } from './subject-keys.js';
import { isTagged, TAG, type TaggedJson, TYPE_KEY } from './tags.js';

/** What the text of a payload holds wherever something is personal in it; a text may hold it otherwise, too. */
export const PERSONAL_MARK = `{"${TYPE_KEY}":"${TAG.personal}"`;

/** What stands in the JSON for what is personal. */
interface StoredPersonal {
  readonly subject: string;
  /** Path of property names; empty for all of the data. */
  readonly property: string;
  /** Id of the key; undefined where the subject was forgotten before it was recorded. */
  readonly key?: string;
  readonly data?: string;
}

/** What reads are told of what is gone. */
export type ErasedPart = Pick<StoredPersonal, 'subject' | 'property'>;

/** Part of an event's data that is stored encrypted with its subject's key, or not at all. */
export class PersonalValue {
  constructor(
    private readonly value: unknown,
    private readonly part: ErasedPart,
    private readonly owner: PayloadOwner,
    private readonly key: KnownKey,
  ) {}

  /** What is stored of it; `write` makes JSON text. */
  stored(write: (value: unknown) => string): StoredPersonal {
    const { part, key, owner } = this;
    if (key.erased) return part;
    const encrypted = key.aes.encrypt(Buffer.from(write(this.value)), boundTo(part, key.id, owner));
    return { ...part, key: key.id, data: encrypted.toString('base64') };
  }
}

/** Event, place, subject and key. Neither has NUL in it. */
function boundTo({ property, subject }: ErasedPart, keyId: string, { key, group }: PayloadOwner): string {
  return `personal\0${key}\0${group}\0${property}\0${subject}\0${keyId}`;
}

/** Told of each subject of what is personal in a payload, and whether that can be read. */
export type Seen = (subject: string, isLive: boolean) => void;

/** The subjects of what is personal in the JSON of a payload. */
export function subjectsIn(json: unknown): string[] {
  const subjects = new Set<string>();
  replaced(json, (stored) => void subjects.add(stored.subject));
  return [...subjects];
}

/**
 * The JSON with what is personal in it as it was, or as `erased` in its place. Throws `UnknownKeyError` or
 * `PayloadDecodingError`.
 */
export function revealed(
  json: unknown,
  keys: ReadonlyMap<string, KnownKey>,
  owner: PayloadOwner,
  seen?: Seen,
): unknown {
  return replaced(json, (stored) => {
    const { subject, property } = stored;
    const aes = keyOf(stored, keys.get(subject), owner);
    seen?.(subject, aes !== undefined);
    if (!aes) return { [TYPE_KEY]: TAG.erased, value: { subject, property } };
    const bound = boundTo(stored, stored.key!, owner);
    const text = aes.decrypt(Buffer.from(stored.data!, 'base64'), bound);
    if (text) return JSON.parse(text.toString('utf8')) as unknown;
    const problem =
      `what is personal in it to the subject "${subject}" cannot be decrypted. It was changed or cut short, belongs to ` +
      'another event, or the key is another one';
    throw new PayloadDecodingError(problem, { event: owner });
  });
}

/** JSON that is to be compared with stored JSON, without what the other says nothing of any more. */
export function withoutErased(json: unknown, stored: unknown): unknown {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return json;
  if (isTagged(stored) && stored.$type === TAG.erased) return stored;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const compared = Object.entries(json).map(([name, value]): [string, unknown] => [
    name,
    Object.hasOwn(stored, name) ? withoutErased(value, (stored as Record<string, unknown>)[name]) : value,
  ]);
  return Object.fromEntries(compared);
}

/** Undefined where it is erased, which only the tombstone of this very key says. */
function keyOf(
  { key, subject }: StoredPersonal,
  known: KnownKey | undefined,
  event: PayloadOwner,
): AesGcm | undefined {
  if (key === undefined) return undefined;
  if (known?.id === key) return known.erased ? undefined : known.aes;
  const where = known
    ? `the store of keys has ${known.erased ? 'the tombstone of ' : ''}another one`
    : 'it is in no store of keys';
  const problem = `of the subject "${subject}" is not known: ${where}. Give this process the store of keys, or the backup of it, that belongs to this log`;
  throw new UnknownKeyError(key, problem, { event, subject });
}

/** A copy where something is replaced. What a user's own `$type` is in is looked through. */
function replaced(json: unknown, replace: (stored: StoredPersonal) => unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => replaced(item, replace));
  if (!isTagged(json)) return members(json, replace);
  if (json.$type === TAG.personal) return replace(storedPersonal(json));
  const isUsers = json.$type === TAG.object || json.$type === TAG.nullObject;
  const value = isUsers ? members(json.value as object, replace) : replaced(json.value, replace);
  return { [TYPE_KEY]: json.$type, value };
}

function members(json: object, replace: (stored: StoredPersonal) => unknown): object {
  // `fromEntries` defines properties, an assignment to `__proto__` would set the prototype.
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, replaced(value, replace)]));
}

function storedPersonal({ value }: TaggedJson): StoredPersonal {
  const { subject, property, key, data } = value as StoredPersonal;
  const isKeyed = typeof key === 'string' && typeof data === 'string';
  if (typeof subject === 'string' && typeof property === 'string' && (key === undefined || isKeyed))
    return value as StoredPersonal;
  throw new PayloadDecodingError('what is personal in it has not the form that it should have');
}
