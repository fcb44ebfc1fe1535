import type { StoredSnapshot } from '../store/log/snapshot-store.js';

/** The states of the aggregates that were used last, encoded, so that nobody can change what others are given. */
export class StateCache {
  private readonly states = new Map<string, StoredSnapshot>();

  constructor(private readonly most: number) {}

  get isOn(): boolean {
    return this.most > 0;
  }

  /** The one in use most lately is the last to be dropped. */
  get(id: string): StoredSnapshot | undefined {
    const state = this.states.get(id);
    if (!state) return undefined;
    this.states.delete(id);
    this.states.set(id, state);
    return state;
  }

  /** Leaves a later one. */
  put(id: string, state: StoredSnapshot): void {
    if (!this.isOn || (this.states.get(id)?.version ?? 0) > state.version) return;
    this.states.delete(id);
    this.states.set(id, state);
    const [oldest] = this.states.keys();
    if (this.states.size > this.most) this.states.delete(oldest!);
  }

  drop(id: string): void {
    this.states.delete(id);
  }
}
