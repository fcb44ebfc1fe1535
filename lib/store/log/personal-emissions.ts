import type { QueryRunner } from 'typeorm';
import { describe } from '../../core/describe.js';
import { InvalidEventError } from '../../core/errors.js';
import { ErasedSubjectError, isErased, type PersonalEvent, type PersonalPart } from '../../core/personal.js';
import { aggregateIdOf } from '../../core/stream.js';
import { isTyped, messageOf } from '../../core/thrown.js';
import { type ErasedPart, PersonalValue } from '../../payload/personal-values.js';
import type { PayloadOwner } from '../../payload/payload-owner.js';
import { type KnownKey, knownKey, type SubjectKey } from '../../payload/subject-keys.js';
import { isPlainObject } from '../../payload/value-shape.js';
import type { Emission } from './event-recorder.js';
import type { PersonalRules } from './personal-rules.js';
import { replacedAt, valueAt } from './property-paths.js';

/** UTF-8 bytes; a subject stands in keys of events. */
export const MAX_SUBJECT_BYTES = 200;

/** What to do with personal data of somebody who has been forgotten. */
export type Afterwards = 'stand-in' | 'refuse';

export interface PersonalEmissionsParts {
  rules: PersonalRules;
  /** The library's own table sees what the runner's transaction sees. */
  keys: {
    get(subjects: readonly string[], runner: QueryRunner): Promise<readonly SubjectKey[]>;
    create(subject: string, runner: QueryRunner): Promise<SubjectKey>;
  };
  afterwards: Afterwards;
  /** What an event shows for what was not recorded of it. */
  erased: (part: ErasedPart, owner: PayloadOwner) => unknown;
}

/** What is personal in one emission. */
interface Found {
  readonly part: ErasedPart;
  readonly value: unknown;
}

/** Events on their way into the log, with what is personal in them encrypted for its subjects. */
export class PersonalEmissions {
  constructor(private readonly parts: PersonalEmissionsParts) {}

  /** Whether there may be anything personal in them. */
  has(emissions: readonly Emission[]): boolean {
    return emissions.some((emission) => this.partsOf(emission).length > 0);
  }

  /** The subjects of what is personal in it. Throws `InvalidEventError`. */
  subjectsOf(emission: Emission): string[] {
    return this.found(emission).map(({ part }) => part.subject);
  }

  /**
   * The emissions with what is to be stored of them. Keys that are missing are made. Rejects with `InvalidEventError`,
   * `ErasedSubjectError`, and what the store of keys says.
   */
  async sealed(emissions: readonly Emission[], runner: QueryRunner): Promise<Emission[]> {
    const found = emissions.map((emission) => this.found(emission));
    const subjects = new Set(found.flat().map(({ part }) => part.subject));
    const keys = await this.keysOf([...subjects].sort(), runner);
    return emissions.map((emission, index) => this.seal(emission, found[index]!, keys));
  }

  private partsOf({ personal, input, forgetting }: Emission): readonly PersonalPart[] {
    const { rules } = this.parts;
    if (forgetting || (rules.isEmpty && !personal)) return [];
    // What is no event is refused later.
    return typeof input?.group === 'string' ? rules.of(input.group, personal) : [];
  }

  private found(emission: Emission): Found[] {
    return this.partsOf(emission).flatMap(({ property, subject }): Found[] => {
      const { data } = emission.input;
      const value = property === undefined ? data : valueAt(data, property);
      if (value === undefined || value === null || isErased(value)) return [];
      const event = eventOf(emission);
      const id = subjectText(
        subjectOf(() => subject(event.data, event), property),
        property,
      );
      return [{ part: { subject: id, property: property ?? '' }, value }];
    });
  }

  private async keysOf(subjects: readonly string[], runner: QueryRunner): Promise<Map<string, KnownKey>> {
    const { keys } = this.parts;
    if (subjects.length === 0) return new Map();
    const stored = await keys.get(subjects, runner);
    const known = new Map(stored.map((key) => [key.subject, knownKey(key)]));
    for (const subject of subjects)
      if (!known.has(subject)) known.set(subject, knownKey(await keys.create(subject, runner)));
    return known;
  }

  private seal(emission: Emission, found: readonly Found[], keys: ReadonlyMap<string, KnownKey>): Emission {
    const owner = emission.input;
    let sealed: unknown = owner.data;
    let [shown, instance]: [unknown, object | undefined] = [owner.data, emission.instance];
    for (const { part, value } of found) {
      const key = keys.get(part.subject)!;
      if (part.property !== '' && !isPlainObject(owner.data as object)) throw notPlain(part, owner.data);
      sealed = replacedAt(sealed, part.property, new PersonalValue(value, part, owner, key));
      if (!key.erased) continue;
      if (this.parts.afterwards === 'refuse') throw new ErasedSubjectError(part.subject, keyAndGroup(owner));
      const standIn = this.parts.erased(part, owner);
      shown = replacedAt(shown, part.property, standIn);
      // What is recorded is what is shown, here too.
      if (instance)
        instance =
          part.property === '' ? undefined : (replacedAt(instance, part.property, standIn) as object);
    }
    return {
      ...emission,
      input: { ...owner, data: shown },
      sealed: { data: sealed },
      ...(emission.instance ? { instance } : {}),
    };
  }
}

function eventOf({ input, instance, stream }: Emission): PersonalEvent {
  const { group, key, data } = input;
  return {
    group,
    key,
    data: instance ?? data,
    ...(stream ? { aggregateId: aggregateIdOf(stream.name) } : {}),
  };
}

/** Throws `InvalidEventError`. */
function subjectText(subject: unknown, property: string | undefined): string {
  const field = `the subject of ${property ?? 'the data'}, which is personal,`;
  return checkedSubject(subject, (expected, actual) => new InvalidEventError(field, expected, actual));
}

/** The subject as a text; else throws what `refused` makes. */
export function checkedSubject(
  subject: unknown,
  refused: (expected: string, actual: string) => Error,
): string {
  const text = isNumber(subject) ? String(subject) : subject;
  const isText = typeof text === 'string' && text !== '' && text.isWellFormed() && !text.includes('\0');
  if (isText && Buffer.byteLength(text) <= MAX_SUBJECT_BYTES) return text;
  const expected = `the id of one person: a text of 1 to ${MAX_SUBJECT_BYTES} UTF-8 bytes, a whole number or a bigint`;
  throw refused(expected, describe(subject));
}

function isNumber(subject: unknown): boolean {
  return typeof subject === 'bigint' || Number.isSafeInteger(subject);
}

function notPlain({ property }: ErasedPart, data: unknown): InvalidEventError {
  const expected = `a plain object, since its property "${property}" is personal`;
  return new InvalidEventError('data', expected, describe(data));
}

function keyAndGroup({ key, group }: PayloadOwner): PayloadOwner {
  return { key, group };
}

/** What the application's function says of data that may be anything. */
function subjectOf(ask: () => unknown, property: string | undefined): unknown {
  try {
    return ask();
  } catch (thrown) {
    if (isTyped(thrown)) throw thrown;
    const expected = 'data of which the personal subject can be told';
    throw new InvalidEventError(property ?? 'data', expected, `an error: ${messageOf(thrown)}`);
  }
}
