import { lookByItem } from '../shared/look-by-item.js';
import { readByItem } from '../shared/read-by-item.js';
import type { DecisionSql } from '../../ports/decision-sql.js';

/** The transaction, BEGIN IMMEDIATE, is the only one that writes. */
export const decisions: DecisionSql = {
  read: readByItem,
  lock: () => Promise.resolve(true),
  look: (sql, t, boundary) => lookByItem(sql, t, boundary),
};
