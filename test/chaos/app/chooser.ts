import { randomUUID } from 'node:crypto';
import { DecisionConflictError, type EventLog, type RecordedEvent } from 'nestjs-once';
import type { DataSource } from 'typeorm';
import type { Journal } from './journal.js';
import { onlyRollBack, RollBack, type Work } from './loop.js';
import { CHOICE, digestAfter, ON_TOPICS, someOf, TOPICS } from './plan.js';

export interface ChooserParts {
  dataSource: DataSource;
  log: EventLog;
  journal: Journal;
  random: () => number;
}

/** Of decisions. */
const INSIDE = 0.3;
const ROLLED_BACK = 0.3;

/**
 * Decides on all that was recorded under two of the topics that all processes write to: each choice says what it was made of.
 * Some are made in transactions, of which some roll back.
 */
export class Chooser implements Work {
  constructor(private readonly parts: ChooserParts) {}

  async next(): Promise<void> {
    const { journal, random } = this.parts;
    const key = `${CHOICE}_${randomUUID()}`;
    try {
      const isRecorded = await (random() < INSIDE ? this.inside(key) : this.decide(key));
      journal.note({ what: isRecorded ? 'decided' : 'undecided', key });
    } catch (error) {
      if (error instanceof DecisionConflictError) journal.note({ what: 'undecided', key });
      throw error;
    }
  }

  /** What a decision has told stands in the journal; of the others nobody knows. */
  failed(): void {}

  private async inside(key: string): Promise<boolean> {
    try {
      await this.parts.dataSource.transaction(async (manager) => {
        await this.decide(key, { manager });
        if (this.parts.random() < ROLLED_BACK) throw new RollBack();
      });
      return true;
    } catch (error) {
      onlyRollBack(error);
      return false;
    }
  }

  private async decide(key: string, options: Parameters<EventLog['decide']>[2] = {}): Promise<boolean> {
    const tags = someOf(TOPICS, 2, this.parts.random);
    const query = tags.map((tag) => ({ tags: [tag], groups: ON_TOPICS }));
    const choose = (events: readonly RecordedEvent[]) => {
      const seen = events.map((event) => event.key).reduce(digestAfter, 0);
      return { group: CHOICE, key, tags, data: { seen } };
    };
    return (await this.parts.log.decide(query, choose, options)).length > 0;
  }
}
