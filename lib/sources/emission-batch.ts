import type { EventInput } from '../core/event.js';
import type { Emission } from '../store/log/event-recorder.js';

/** Emissions to be recorded together: of the same key and group only the first. */
export class EmissionBatch {
  readonly emissions: Emission[] = [];
  private readonly groups = new Map<string, string>();

  /** Each once. */
  get keys(): string[] {
    return [...this.groups.keys()];
  }

  /** False when the key is there already. One with another group is kept, for the recorder to warn of. */
  add(emission: Emission): boolean {
    const { key, group }: EventInput = emission.input;
    const known = this.groups.get(key);
    if (known === group) return false;
    if (known === undefined) this.groups.set(key, group);
    this.emissions.push(emission);
    return true;
  }
}
