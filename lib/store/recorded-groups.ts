import type { QueryRunner } from 'typeorm';
import type { Telemetry } from '../core/telemetry.js';
import type { AppendedRow, EventRow } from './rows.js';

/** Groups of events that are recorded and not committed yet, by runner: a rollback forgets them with the runner. */
export class RecordedGroups {
  private readonly open = new WeakMap<QueryRunner, Map<number, string>>();

  constructor(private readonly telemetry: Telemetry) {}

  recorded(runner: QueryRunner, rows: readonly EventRow[], appended: readonly AppendedRow[]): void {
    const groups = this.open.get(runner) ?? new Map<number, string>();
    this.open.set(runner, groups);
    for (const [index, { group }] of rows.entries()) {
      const { position } = appended[index]!;
      if (position !== undefined) groups.set(position, group);
    }
  }

  committed(runner: QueryRunner, positions: readonly number[]): void {
    const groups = this.open.get(runner);
    this.open.delete(runner);
    for (const position of positions) {
      const group = groups?.get(position);
      if (group !== undefined) this.telemetry.recorded(group);
    }
  }
}
