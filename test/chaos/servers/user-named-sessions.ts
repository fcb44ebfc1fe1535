import { onServer } from '../../support/database-servers.mjs';
import type { ChaosDatabase } from './chaos-database.js';

const LABELS = { mariadb: 'MariaDB', mysql: 'MySQL' };

/** A database on a server that others use too: its sessions can be ended, the server stays. */
export async function userNamedSessions(server: 'mariadb' | 'mysql', url: string): Promise<ChaosDatabase> {
  const run = `chaos_${process.pid}_`;
  const users = `USER LIKE '${run.replaceAll('_', '\\_')}%'`;
  const sessions = (columns: string) =>
    onServer(server, url, `SELECT ${columns} FROM information_schema.processlist WHERE ${users}`);
  const [row] = await onServer(server, url, 'SELECT version() AS version');
  return {
    description: `${LABELS[server]} ${String(row!.version)}`,
    address: { name: server, url },
    // A session there has no name but its user's.
    addressOf: async (name) => {
      const own = new URL(url);
      own.username = `${run}${name}`;
      own.password = 'chaos';
      await onServer(server, url, `CREATE USER '${own.username}' IDENTIFIED BY 'chaos'`);
      await onServer(server, url, `GRANT ALL ON ${own.pathname.slice(1)}.* TO '${own.username}'`);
      return { name: server, url: own.href };
    },
    terminateSessions: async () => {
      for (const { ID: id } of await sessions('ID')) {
        // It may have ended by itself.
        await onServer(server, url, `KILL CONNECTION ${String(id)}`).catch(() => undefined);
      }
    },
    sessions: async () => {
      const counts = new Map<string, number>();
      for (const { USER: user } of await sessions('USER')) {
        const name = String(user).slice(run.length);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      return counts;
    },
    discard: async () => {
      const made = await onServer(server, url, `SELECT USER AS name FROM mysql.user WHERE ${users}`);
      for (const { name: user } of made) await onServer(server, url, `DROP USER '${String(user)}'`);
    },
  };
}
