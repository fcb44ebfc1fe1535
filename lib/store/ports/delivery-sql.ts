import type { ClaimedDelivery, DeliveryRow } from './rows.js';
import type { DeliveryId } from './delivery-ids.js';
import type { Sql, SqlTime } from './sql.js';
import type { Tables } from './tables.js';

/** How many deliveries of one handler a worker takes at most. */
export interface ClaimQuota {
  handlerId: number;
  take: number;
}

export interface ClaimRequest {
  workerId: number;
  quotas: readonly ClaimQuota[];
  /** SQL of the time against which due times are compared, with its parameters. */
  due: SqlTime;
  /** Only deliveries that may have killed their process, those rescued `SUSPECT_RESCUES` times; else only others. */
  suspects: boolean;
  /** Only deliveries of these events. */
  positions?: readonly number[];
  /** Wait for another process that is claiming of the same handler, instead of leaving it to a later claim. */
  patient?: boolean;
  /** Only those that are first in their order key (`KeyOrder.isHead`); else only those without an order key. */
  keyed?: boolean;
}

/** PORT: deliveries as they are made, taken and finished. */
export interface DeliverySql {
  /** Creates deliveries of recorded events, leaving those that are there: a fan-out and a save may both make one. */
  create(sql: Sql, tables: Tables, rows: readonly DeliveryRow[], due: SqlTime): Promise<void>;
  /** Takes due deliveries, the longest due first. Two workers that claim at once take different ones: rows are locked before. */
  claim(sql: Sql, tables: Tables, request: ClaimRequest): Promise<ClaimedDelivery[]>;
  /**
   * Moves deliveries that the worker still holds to the finished ones, as finished at `at`; returns those it held. A worker
   * whose lease lapsed may come late: what another has claimed by then stays that one's.
   */
  complete(
    sql: Sql,
    tables: Tables,
    workerId: number,
    ids: readonly DeliveryId[],
    at: SqlTime,
  ): Promise<DeliveryId[]>;
}
