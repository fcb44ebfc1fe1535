import { command } from '../command.js';
import { table } from '../table.js';
import type { FollowerStatus } from '../../followers/follower-status.js';
import type { LogStatusView } from '../../store/views/log-status.js';
import type { DeliveryCount } from '../../store/views/delivery-counts.js';
import { FOLLOWER_HEADS, followerCells } from './followers-list.js';

export const status = command({
  name: 'status',
  summary:
    'Shows how the log stands: backlog, handlers, followers, their lag, processes, what versions run in them, and their leases.',
  examples: ['status', 'status --json'],
  async run({ tools, out }) {
    const view = { ...(await tools.status.read()), followers: await tools.followers.list() };
    await out.document(view, () => lines(view));
  },
});

function lines(view: LogStatusView & { followers: FollowerStatus[] }): string[] {
  const { deliveries, followers, handlers, leases, rescansRequested } = view;
  return [
    `Log: last position ${view.position}, decided up to ${view.decided}, handed out up to ${view.fannedOut}. Tables: version ${view.tables}.`,
    `Deliveries: ${Object.entries(deliveries)
      .map(([name, count]) => `${told(count)} ${name}`)
      .join(', ')}.`,
    ...section(
      'Handlers',
      ['handler', 'due', 'lag', 'dead', 'state', 'last heard of'],
      handlers.map((one) => [
        one.name,
        one.due,
        seconds(one.lag),
        told(one.dead),
        stateOf(one),
        one.lastHeartbeatAt,
      ]),
    ),
    ...section('Followers', FOLLOWER_HEADS, followers.map(followerCells)),
    ...processes(view),
    ...section(
      'Leases',
      ['lease', 'until'],
      leases.map(({ name, until }) => [name, until]),
    ),
    ...(rescansRequested.length > 0 ? [`Re-scans were asked for: ${rescansRequested.join(', ')}.`] : []),
  ];
}

function processes({ versions, workers }: LogStatusView): string[] {
  return [
    ...section(
      'Versions running',
      ['release', 'nestjs-once', 'tables', 'processes'],
      versions.map((one) => [one.release, one.library, one.tables, one.processes]),
    ),
    ...section(
      'Processes',
      ['worker', 'host', 'pid', 'release', 'nestjs-once', 'started', 'lease until', 'alive'],
      workers.map((one) => [
        ...[one.id, one.host, one.pid, one.release, one.library],
        ...[one.startedAt, one.leaseUntil, one.alive ? 'yes' : 'no'],
      ]),
    ),
  ];
}

function section(title: string, heads: readonly string[], rows: readonly (readonly unknown[])[]): string[] {
  return rows.length === 0 ? [`${title}: none.`] : ['', `${title}:`, ...table(heads, rows)];
}

export function told(count: DeliveryCount): string {
  return typeof count === 'number' ? String(count) : `${count.count} or more`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

export function stateOf({
  pausedAt,
  retiredAt,
  collecting,
}: {
  pausedAt?: Date;
  retiredAt?: Date;
  collecting: boolean;
}): string {
  if (retiredAt) return 'retired';
  if (pausedAt) return 'paused';
  return collecting ? 'handling' : 'gone';
}
