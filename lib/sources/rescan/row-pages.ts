import type { EntityManager, EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { fresh } from '../../store/typeorm/fresh.js';
import { relationsOf } from '../../store/typeorm/relations.js';
import type { RescanWhere, RescanWhereAt, SourceRescanOptions } from '../model-event-source.decorator.js';
import { addCursor, betweenKeys, type Cursor, cursorOf, orderByKey, selectCursor } from './page-cursor.js';

/** Queries rows of the primary: a replica may not have yet what a bulk write asked to be scanned. Its connection is held for one page only. */
export type ReadRows = <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>;

export interface Page {
  rows: readonly object[];
  /** Key of the last row; undefined on the last page. */
  end: Cursor | undefined;
}

const ALIAS = 'scanned';

/** The rows of one class that a source asks for, page by page in the order of their primary key. */
export class RowPages {
  private asked?: RescanWhere<ObjectLiteral>;

  constructor(
    private readonly metadata: EntityMetadata,
    private readonly options: SourceRescanOptions<ObjectLiteral>,
    private readonly size: number,
    /** The time that a `where` of the source's is worked out for. */
    private readonly now: Date,
    private readonly read: ReadRows,
  ) {}

  /** Asked of the source once, so that all pages of a run are of one selection; where it throws, the scan fails. */
  private get where(): RescanWhere<ObjectLiteral> | undefined {
    const { where } = this.options;
    if (typeof where !== 'function') return where;
    return (this.asked ??= (where as RescanWhereAt<ObjectLiteral>)({ now: this.now }));
  }

  countAfter(start: Cursor | undefined): Promise<number> {
    return this.read((manager) => {
      const query = this.query(manager, { relations: false });
      betweenKeys(query, this.metadata, start, undefined);
      return query.getCount();
    });
  }

  /**
   * The page behind that key. First its last key, then its rows between the two keys: `find` would page by a list of
   * the keys, and rows that come in meanwhile must be seen by this page or by a later one.
   */
  after(start: Cursor | undefined): Promise<Page> {
    return this.read(async (manager) => {
      if (this.isOneRowEach) return this.plainPage(manager, start);
      const end = await this.endOf(manager, start);
      const query = this.query(manager, { relations: true });
      betweenKeys(query, this.metadata, start, end);
      orderByKey(query, this.metadata);
      return { rows: await query.getMany(), end };
    });
  }

  /** Nothing is joined: so many rows are so many entities. */
  private get isOneRowEach(): boolean {
    return !this.where && !this.options.relations && this.metadata.eagerRelations.length === 0;
  }

  private async plainPage(manager: EntityManager, start: Cursor | undefined): Promise<Page> {
    const query = this.query(manager, { relations: false });
    const names = addCursor(query, this.metadata);
    betweenKeys(query, this.metadata, start, undefined);
    orderByKey(query, this.metadata);
    const { raw, entities } = await query.limit(this.size).getRawAndEntities<ObjectLiteral>();
    const last = raw.length < this.size ? undefined : raw.at(-1);
    return { rows: entities, end: last && cursorOf(last, names) };
  }

  private async endOf(manager: EntityManager, start: Cursor | undefined): Promise<Cursor | undefined> {
    const query = this.query(manager, { relations: false });
    const names = selectCursor(query, this.metadata);
    betweenKeys(query, this.metadata, start, undefined);
    orderByKey(query, this.metadata);
    this.oncePerRow(query);
    const raw = await query
      .offset(this.size - 1)
      .limit(1)
      .getRawOne<ObjectLiteral>();
    return raw && cursorOf(raw, names);
  }

  /** A `where` over a relation to many finds a row once per match. */
  private oncePerRow(query: SelectQueryBuilder<ObjectLiteral>): void {
    if (!this.where) return;
    for (const column of this.metadata.primaryColumns) query.addGroupBy(`${ALIAS}.${column.propertyPath}`);
  }

  /** As `find` makes it: soft-removed rows are passed over, eager relations loaded. */
  private query(
    manager: EntityManager,
    { relations }: { relations: boolean },
  ): SelectQueryBuilder<ObjectLiteral> {
    const query = manager.createQueryBuilder<ObjectLiteral>(this.metadata.target, ALIAS);
    const wanted = relations ? this.options.relations : undefined;
    query.setFindOptions({
      ...fresh(this.metadata.dataSource),
      ...(this.where ? { where: this.where } : {}),
      ...(wanted ? { relations: relationsOf(this.metadata, wanted) } : {}),
      ...(relations ? {} : { loadEagerRelations: false }),
    });
    this.onlyThisClass(query);
    return query;
  }

  /** A parent's query finds its `@ChildEntity` rows too; those are scanned on their own. */
  private onlyThisClass(query: SelectQueryBuilder<ObjectLiteral>): void {
    const { discriminatorColumn, discriminatorValue } = this.metadata;
    if (!discriminatorColumn) return;
    const path = `${query.escape(ALIAS)}.${query.escape(discriminatorColumn.databaseName)}`;
    query.andWhere(`${path} = :discriminator`, { discriminator: discriminatorValue });
  }
}
