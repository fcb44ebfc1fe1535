import type { QueryRunner } from 'typeorm';
import { type KnownKey, knownKey, type SubjectKeys, type SubjectKeyStore } from './subject-keys.js';

/** Keys in memory, at most. */
const MOST = 10_000;

interface Held {
  readonly key: KnownKey;
  /** By the process's own clock. */
  readonly until: number;
}

/** Keys of data subjects, kept in memory for a short while: what another process destroys is readable here for no longer. */
export class SubjectKeyring implements SubjectKeys {
  private readonly held = new Map<string, Held>();
  /** Who asks in one turn asks together. */
  private asking?: { subjects: Set<string>; answer: Promise<ReadonlyMap<string, KnownKey>> };

  constructor(
    private readonly store: {
      get(subjects: readonly string[], runner?: QueryRunner): ReturnType<SubjectKeyStore['get']>;
    },
    /** Milliseconds that a key is kept. */
    private readonly lasting: number,
  ) {}

  known(subjects: readonly string[]): ReadonlyMap<string, KnownKey> | undefined {
    const now = performance.now();
    const found = new Map<string, KnownKey>();
    for (const subject of subjects) {
      const held = this.held.get(subject);
      if (!held || held.until <= now) return undefined;
      found.set(subject, held.key);
    }
    return found;
  }

  async find(subjects: readonly string[], runner?: QueryRunner): Promise<ReadonlyMap<string, KnownKey>> {
    if (runner) return this.answered(new Set(subjects), runner);
    const asking = (this.asking ??= this.ask());
    for (const subject of subjects) asking.subjects.add(subject);
    return asking.answer;
  }

  /** Notes what was learnt of a key that was asked for at this time. */
  hold(subject: string, key: KnownKey, asked: number): void {
    this.held.delete(subject);
    this.held.set(subject, { key, until: asked + this.lasting });
    const [oldest] = this.held.keys();
    if (this.held.size > MOST) this.held.delete(oldest!);
  }

  drop(subject: string): void {
    this.held.delete(subject);
  }

  private ask(): NonNullable<SubjectKeyring['asking']> {
    const subjects = new Set<string>();
    const answer = Promise.resolve().then(() => {
      delete this.asking;
      return this.answered(subjects);
    });
    return { subjects, answer };
  }

  private async answered(
    subjects: ReadonlySet<string>,
    runner?: QueryRunner,
  ): Promise<ReadonlyMap<string, KnownKey>> {
    const asked = performance.now();
    const found = new Map<string, KnownKey>();
    for (const key of await this.store.get([...subjects], runner)) {
      const known = knownKey(key);
      found.set(key.subject, known);
      this.hold(key.subject, known, asked);
    }
    return found;
  }
}
