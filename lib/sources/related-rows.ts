import type { EntityManager } from 'typeorm';
import { relationsOf } from '../store/typeorm/relations.js';
import type { RegisteredSource } from './registered-source.js';
import type { SourceRegistry } from './source-registry.js';
import { groupByClass, readWritten, type WrittenRow } from './written-rows.js';

/** The rows of one save as sources that declare relations are given them. */
export class RelatedRows {
  private readonly bySource = new Map<RegisteredSource, Map<WrittenRow, object>>();

  /** Read through the transaction of the save, by one query for each source and class. */
  static async read(
    rows: readonly WrittenRow[],
    registry: SourceRegistry,
    manager: EntityManager,
  ): Promise<RelatedRows> {
    const related = new RelatedRows();
    for (const [metadata, written] of groupByClass(rows)) {
      for (const source of registry.of(metadata)) {
        if (!source.relations) continue;
        const wanted = written.filter(({ reason }) => source.on.has(reason));
        const relations = relationsOf(metadata, source.relations);
        const found = await readWritten(manager, metadata, wanted, { relations });
        related.bySource.set(source, new Map([...(related.bySource.get(source) ?? []), ...found]));
      }
    }
    return related;
  }

  /** Undefined where the database does not find the row any more. */
  of(source: RegisteredSource, write: WrittenRow): object | undefined {
    return source.relations ? this.bySource.get(source)?.get(write) : write.row;
  }
}
