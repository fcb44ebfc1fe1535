import { compilePattern, type GroupPattern, storePattern } from '../../core/group-pattern.js';
import { activate, type Coverage, deactivate, NO_COVERAGE } from './coverage.js';
import type { Database } from '../db/database.js';
import { GroupTargets } from './group-targets.js';
import type { Horizon } from '../db/horizon.js';
import { FAN_OUT, Position } from '../db/position.js';
import {
  type HandlerRegistration,
  type KnownHandler,
  knownHandler,
  type KnownPattern,
  lapsedPatterns,
  taking,
} from './known-handler.js';
import { adoptHandler, insertPattern, renewPattern } from './handler-rows.js';
import { targetsAmong } from './ranks.js';
import type { HandlerTarget } from '../ports/rows.js';
import type { Sql } from '../ports/sql.js';

export type { HandlerRegistration, KnownHandler, KnownPattern } from './known-handler.js';

/** The handlers of every process of the application, read from the database and matched in memory. */
export class HandlerRegistry {
  private version = -1;
  private handlers: readonly KnownHandler[] = [];
  private targets: GroupTargets;

  constructor(
    private readonly database: Database,
    private readonly horizon: Horizon,
    /** Milliseconds that one handler waits for another of a lower rank, at most. */
    private readonly lease: number,
  ) {
    this.targets = new GroupTargets([], lease);
  }

  /** The version under which `targetsOf` answers. */
  get currentVersion(): number {
    return this.version;
  }

  get known(): readonly KnownHandler[] {
    return this.handlers;
  }

  /** The handlers that get a delivery of an event of this group. */
  targetsOf(group: string): readonly HandlerTarget[] {
    return this.targets.of(group);
  }

  /** The handlers among which deliveries are put in order, where some wait for this one's; none nearly always. */
  rankedBehind(handlerId: number, group: string): readonly number[] {
    return this.targets.rankedBehind(handlerId, group);
  }

  /** These handlers as the targets of one event. */
  targetsAmong(handlers: readonly KnownHandler[]): HandlerTarget[] {
    return targetsAmong(handlers, this.lease);
  }

  byId(id: number): KnownHandler | undefined {
    return this.handlers.find((handler) => handler.id === id);
  }

  byName(name: string): KnownHandler | undefined {
    return (
      this.handlers.find((handler) => handler.name === name) ??
      this.handlers.find((handler) => handler.formerNames.includes(name))
    );
  }

  /** Reads the registry again when another process has changed it. */
  async refresh(): Promise<void> {
    await this.database.run(async (sql) => {
      if ((await readVersion(this.database, sql, '')) !== this.version) await this.load(sql);
    });
  }

  /**
   * Makes this process's handlers known to every writer, in one transaction. A handler or pattern that is new gets
   * the events from now on; one that returns gets what it missed. Where all are known, as when a process starts again,
   * it reads the version and locks nothing.
   */
  async register(registrations: readonly HandlerRegistration[]): Promise<void> {
    await this.refresh();
    if (registrations.every((registration) => this.isRegistered(registration))) return;
    const decided = await this.horizon.advance();
    await this.changing(async (sql, version) => {
      // What the reconciler has passed, it does not see again.
      const after = Math.max(decided, await this.reconciledUpTo(sql));
      let changed = false;
      for (const registration of registrations) {
        changed = (await this.registerOne(sql, registration, version, after)) || changed;
      }
      return changed;
    });
  }

  /** Notes that this process's handlers are alive; registers again what was taken for gone meanwhile. */
  async heartbeat(registrations: readonly HandlerRegistration[]): Promise<void> {
    const lapsed = registrations.filter((registration) => !this.isActive(registration));
    if (lapsed.length > 0) await this.register(lapsed);
    const ids = registrations.flatMap((registration) =>
      registration.patterns.flatMap((pattern) => this.patternOf(registration, pattern)?.id ?? []),
    );
    if (ids.length === 0) return;
    const { tables, dialect } = this.database;
    await this.database.run((sql) =>
      sql.change(
        `UPDATE ${tables.pattern} SET heartbeat_at = ${dialect.syntax.now} WHERE id IN (${ids.join(', ')})`,
      ),
    );
  }

  /**
   * Stops collecting deliveries for patterns that no process has any more: those whose heartbeat has been missing for
   * `missing` milliseconds, and those which a newer pattern of the same handler took the place of more than
   * `superseded` milliseconds ago. Returns the handlers that are left without a pattern.
   */
  async expire(superseded: number, missing: number): Promise<string[]> {
    const { tables, dialect } = this.database;
    const ages = await this.database.run((sql) =>
      sql.rows(`SELECT id, ${dialect.syntax.now} - heartbeat_at AS age FROM ${tables.pattern}`),
    );
    const ageOf = new Map(ages.map((row) => [Number(row.id), Number(row.age)]));
    const gone = this.handlers.flatMap(({ patterns }) => {
      const active = patterns.filter((pattern) => pattern.coverage.active);
      return lapsedPatterns(
        active.map(({ id }) => ({ id, age: ageOf.get(id) ?? 0 })),
        superseded,
        missing,
      );
    });
    if (gone.length === 0) return [];
    await this.deactivate(gone);
    return this.handlers
      .filter(
        ({ patterns }) =>
          patterns.some(({ id }) => gone.includes(id)) && patterns.every((p) => !p.coverage.active),
      )
      .map((handler) => handler.name);
  }

  /** Stops collecting deliveries for these patterns. */
  async deactivate(patternIds: readonly number[]): Promise<void> {
    await this.changing(async (sql, version) => {
      await this.deactivateIn(sql, version, patternIds);
      return true;
    });
  }

  /** Stops collecting deliveries for the handler until a process registers it again. */
  async retire(handler: KnownHandler): Promise<void> {
    await this.changing(async (sql, version) => {
      const { tables, dialect } = this.database;
      const patterns = this.byId(handler.id)?.patterns ?? [];
      await this.deactivateIn(
        sql,
        version,
        patterns.map((pattern) => pattern.id),
      );
      await sql.change(`UPDATE ${tables.handler} SET retired_at = ${dialect.syntax.now} WHERE id = ?`, [
        handler.id,
      ]);
      return true;
    });
  }

  /** Has every process leave its deliveries alone, or take them again; it goes on collecting them. */
  async setPaused(handler: KnownHandler, paused: boolean): Promise<void> {
    await this.changing(async (sql) => {
      if (this.byId(handler.id)?.paused === paused) return false;
      const { tables, dialect } = this.database;
      const since = paused ? dialect.syntax.now : 'NULL';
      await sql.change(`UPDATE ${tables.handler} SET paused_at = ${since} WHERE id = ?`, [handler.id]);
      return true;
    });
  }

  async saveCoverage(sql: Sql, patternId: number, coverage: Coverage): Promise<void> {
    const { tables } = this.database;
    await sql.change(`UPDATE ${tables.pattern} SET coverage = ? WHERE id = ?`, [
      JSON.stringify(coverage),
      patternId,
    ]);
  }

  /**
   * The registry as it is now, its version locked, read and changed by one process at a time. `work` says whether it
   * changed anything: then writers and other processes read it again.
   */
  async changing(work: (sql: Sql, nextVersion: number) => Promise<boolean>): Promise<void> {
    const { tables, dialect } = this.database;
    await this.database.transaction(async (sql) => {
      const version = await readVersion(this.database, sql, dialect.locks.forUpdate);
      if (version !== this.version) await this.load(sql);
      if (!(await work(sql, version + 1))) return;
      await sql.change(`UPDATE ${tables.state} SET value = ? WHERE name = 'registry_version'`, [version + 1]);
    });
    await this.refresh();
  }

  private async deactivateIn(sql: Sql, version: number, patternIds: readonly number[]): Promise<void> {
    const upTo = await this.reconciledUpTo(sql);
    for (const pattern of this.handlers.flatMap((handler) => handler.patterns)) {
      if (!patternIds.includes(pattern.id) || !pattern.coverage.active) continue;
      await this.saveCoverage(sql, pattern.id, deactivate(pattern.coverage, version, upTo));
    }
  }

  private async registerOne(
    sql: Sql,
    registration: HandlerRegistration,
    version: number,
    after: number,
  ): Promise<boolean> {
    const { tables } = this.database;
    const { id, unchanged } = await adoptHandler(sql, tables, this.knownAs(registration), registration);
    let changed = !unchanged;
    for (const pattern of registration.patterns) {
      const known = this.patternOf(registration, pattern);
      if (known?.coverage.active) continue;
      changed = true;
      const coverage = activate(known?.coverage ?? NO_COVERAGE, version, after);
      if (known) await renewPattern(sql, this.database, known.id, coverage);
      else await insertPattern(sql, this.database, id, storePattern(pattern), coverage);
    }
    return changed;
  }

  /** Found by its name, or to be taken over from a former name. */
  private knownAs({ name, formerly }: HandlerRegistration): KnownHandler | undefined {
    return this.byName(name) ?? this.handlers.find((handler) => formerly.includes(handler.name));
  }

  private patternOf(registration: HandlerRegistration, pattern: GroupPattern): KnownPattern | undefined {
    const { source, flags } = compilePattern(pattern);
    return this.knownAs(registration)?.patterns.find(
      (known) => known.source === source && known.flags === flags,
    );
  }

  /** Whether registering it again would change nothing. */
  private isRegistered(registration: HandlerRegistration): boolean {
    const known = this.knownAs(registration);
    return known !== undefined && taking(known, registration).unchanged && this.isCovered(registration);
  }

  /** Of a retired handler nothing is expected. */
  private isActive(registration: HandlerRegistration): boolean {
    return this.byName(registration.name)?.retired === true || this.isCovered(registration);
  }

  private isCovered(registration: HandlerRegistration): boolean {
    return registration.patterns.every((pattern) => this.patternOf(registration, pattern)?.coverage.active);
  }

  private reconciledUpTo(sql: Sql): Promise<number> {
    return new Position(this.database, FAN_OUT).read(sql);
  }

  /** Until it is all of one version: an event matched with a later registry than it names would be matched twice. */
  private async load(sql: Sql): Promise<void> {
    const { tables } = this.database;
    for (;;) {
      const version = await readVersion(this.database, sql, '');
      const handlers = await sql.rows(`SELECT * FROM ${tables.handler} ORDER BY id`);
      const patterns = await sql.rows(`SELECT * FROM ${tables.pattern} ORDER BY id`);
      if ((await readVersion(this.database, sql, '')) !== version) continue;
      this.handlers = handlers.map((row) => knownHandler(row, patterns));
      this.version = version;
      this.targets = new GroupTargets(this.handlers, this.lease);
      return;
    }
  }
}

async function readVersion({ tables }: Database, sql: Sql, lock: string): Promise<number> {
  const row = await sql.row(`SELECT value FROM ${tables.state} WHERE name = 'registry_version' ${lock}`);
  return Number(row!.value);
}
