import type { QueryRunner } from 'typeorm';
import type { AppendResult } from '../../lib/core/event.js';
import type { Emission, EventRecorder } from '../../lib/store/log/event-recorder.js';

/** An `EventRecorder` that keeps in memory what it is given; knows no transactions. */
export class RecordingRecorder implements EventRecorder {
  readonly recorded: (Emission & { inTransaction?: boolean })[] = [];
  /** Sizes of the calls, in order. */
  readonly calls: { method: 'record' | 'recordYielding' | 'unknownKeys'; size: number }[] = [];
  /** Keys that another transaction holds, with how often `recordYielding` still finds them so. */
  readonly held = new Map<string, number>();
  /** Keys whose event cannot be recorded. */
  readonly invalid = new Set<string>();
  /** What the next `recordYielding` fails with, whatever it is given. */
  failure?: Error;

  get keys(): string[] {
    return this.recorded.map(({ input }) => input.key);
  }

  async record(emissions: readonly Emission[], runner: QueryRunner): Promise<AppendResult[]> {
    this.calls.push({ method: 'record', size: emissions.length });
    return emissions.map((emission) =>
      this.append({ ...emission, inTransaction: runner.isTransactionActive }),
    );
  }

  async recordByCommit(emissions: readonly Emission[], runner: QueryRunner): Promise<void> {
    await this.record(emissions, runner);
  }

  async recordYielding(emissions: readonly Emission[]): Promise<(AppendResult & { busy?: boolean })[]> {
    this.calls.push({ method: 'recordYielding', size: emissions.length });
    const { failure } = this;
    delete this.failure;
    if (failure) throw failure;
    const refused = emissions.find(({ input }) => this.invalid.has(input.key));
    if (refused) throw new Error(`cannot record ${refused.input.key}`);
    return emissions.map((emission) =>
      this.isHeld(emission.input.key) ? busy(emission) : this.append(emission),
    );
  }

  async unknownKeys(keys: readonly string[]): Promise<Set<string>> {
    this.calls.push({ method: 'unknownKeys', size: keys.length });
    return new Set(keys.filter((key) => !this.keys.includes(key)));
  }

  private isHeld(key: string): boolean {
    const times = this.held.get(key) ?? 0;
    this.held.set(key, times - 1);
    return times > 0;
  }

  private append(emission: Emission & { inTransaction?: boolean }): AppendResult {
    const { key } = emission.input;
    const recorded = !this.keys.includes(key);
    if (recorded) this.recorded.push(emission);
    return { key, recorded };
  }
}

function busy({ input }: Emission): AppendResult & { busy: boolean } {
  return { key: input.key, recorded: false, busy: true };
}
