import { CommanderError } from 'commander';
import { InvalidOptionError } from 'nestjs-once';
import type { Command } from '../../../lib/cli/command.js';
import { COMMANDS } from '../../../lib/cli/commands.js';
import { filterOfChange } from '../../../lib/cli/commands/delivery-options.js';
import { CommandFailedError, CommandUsageError } from '../../../lib/cli/errors.js';
import { exitCodeOf } from '../../../lib/cli/exit-code.js';
import { type CommonOptions, programOf } from '../../../lib/cli/program.js';
import { testIo } from '../../support/command-io.js';

/** What a line of words is understood as. */
async function parsed(line: string) {
  const io = testIo();
  const calls: [name: string, args: readonly unknown[], options: any][] = [];
  const run = async ({ name }: Command, args: readonly unknown[], options: CommonOptions) =>
    void calls.push([name, args, options]);
  const failed = await programOf(COMMANDS, io, run)
    .parseAsync(line.split(' ').filter(Boolean), { from: 'user' })
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  return { call: calls[0]!, failed, ...io.said() };
}

describe('the program', () => {
  it('understands arguments, and options before and behind them', async () => {
    expect((await parsed('rescan --dry-run Order User --json')).call).toEqual([
      'rescan',
      [['Order', 'User']],
      { dryRun: true, json: true },
    ]);
    expect((await parsed('snapshot Dog')).call).toEqual(['snapshot', ['Dog', []], {}]);
    expect((await parsed('forget user:1 -y --app a.js --data-source logs')).call).toEqual([
      'forget',
      ['user:1'],
      { yes: true, app: 'a.js', dataSource: 'logs' },
    ]);
  });

  it('reads positions, counts, times and durations, and takes some options several times', async () => {
    const { call } = await parsed(
      'events read --after 7 --limit 3 --from 2026-01-01T00:00:00Z --tag a --tag b --no-data --interval 50ms',
    );
    expect(call[2]).toEqual({
      ...{
        after: 7,
        limit: 3,
        from: new Date('2026-01-01T00:00:00Z'),
        tag: ['a', 'b'],
        data: false,
        interval: 50,
      },
    });
    const ago = (await parsed('events read --until 2h')).call[2].until as Date;
    expect(Math.abs(Date.now() - 7_200_000 - ago.getTime())).toBeLessThan(60_000);
    expect((await parsed('events read')).call[2]).toEqual({ data: true, interval: 1000 });
  });

  it.each([
    'nothing',
    'events',
    'status --nothing',
    'status extra',
    'forget',
    'events read --limit 0',
    'events read --after -1',
    'events read --from yesterday',
    'events read --interval soon',
    'status -y',
  ])('says on stderr what is wrong with "%s", and exits with 2', async (line) => {
    const { failed, call, stdout, stderr } = await parsed(line);
    expect([call, stdout]).toEqual([undefined, '']);
    expect(stderr).toMatch(/./);
    expect(exitCodeOf(failed)).toBe(2);
  });

  it.each(['--help', 'help', 'status --help', 'events --help'])(
    'explains itself on stdout with "%s"',
    async (line) => {
      const { failed, stdout, stderr } = await parsed(line);
      expect(failed).toBeInstanceOf(CommanderError);
      expect([exitCodeOf(failed), stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^Usage: nestjs-once/);
    },
  );

  it('has examples for each command that the command itself understands', async () => {
    for (const { name, examples } of COMMANDS) {
      expect(examples).not.toEqual([]);
      for (const example of examples) {
        const line = example.replaceAll('"', '').replace(/ [<|].*$/, '');
        const { call, stderr } = await parsed(line);
        expect([example, stderr, call?.[0]]).toEqual([example, '', name]);
      }
    }
  });

  it('destroys nothing unasked, and changes everything only where that is said', () => {
    expect(COMMANDS.filter(({ destroys }) => destroys).map(({ name }) => name)).toEqual([
      'deliveries cancel',
      'followers move',
      'reset-follower',
      'rebuild-follower',
      'forget',
      'prune',
    ]);
    const reset = COMMANDS.find(({ name }) => name === 'reset-follower')!;
    expect(reset.destroys!(['A'], {})).toBeUndefined();
    expect(reset.destroys!(['A'], { force: true, dryRun: true })).toBeUndefined();
    expect(reset.destroys!(['A'], { force: true })).toMatch(/^This handles the events again/);
    expect(filterOfChange({ all: true })).toEqual({ all: true });
    expect(filterOfChange({ handler: ['A'] })).toEqual({ handler: ['A'] });
    expect(() => filterOfChange({})).toThrow(CommandUsageError);
    expect(() => filterOfChange({ all: true, handler: ['A'] })).toThrow(CommandUsageError);
  });

  it('tells wrong use from failure', () => {
    const option = new InvalidOptionError('a', 'b', 'c', 'd');
    expect(
      [option, new CommandUsageError(''), new CommandFailedError(''), new Error()].map(exitCodeOf),
    ).toEqual([2, 2, 1, 1]);
  });
});
