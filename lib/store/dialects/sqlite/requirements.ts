import type { Requirements } from '../../ports/requirements.js';
import { triedRights } from '../shared/tried-rights.js';

/** A file has one right for all of its tables. */
export const requirements: Requirements = {
  rights: (sql, t) => triedRights(sql, [{ table: t.state, column: 'value', rights: ['UPDATE'] }], isReadOnly),
};

/** Of the file, its folder, or the connection. */
function isReadOnly(error: unknown): boolean {
  const code = (error as { driverError?: { code?: string } }).driverError?.code ?? '';
  return code.startsWith('SQLITE_READONLY');
}
