import { asJson } from '../../../lib/cli/as-json.js';
import { confirm } from '../../../lib/cli/confirm.js';
import { CommandInterruptedError, CommandUsageError } from '../../../lib/cli/errors.js';
import { Output } from '../../../lib/cli/output.js';
import { Progress } from '../../../lib/cli/progress.js';
import { table } from '../../../lib/cli/table.js';
import { testIo } from '../../support/command-io.js';

const { signal } = new AbortController();

describe('the output of commands', () => {
  it('is lines for people or JSON on stdout, and all else on stderr', async () => {
    for (const [json, expected] of [
      [false, 'one\ntwo\nrecord\n'],
      [true, '{\n  "a": 1\n}\n{"b":2}\n'],
    ] as const) {
      const io = testIo();
      const out = new Output(io, json);
      await out.document({ a: 1 }, () => ['one', 'two']);
      await out.record({ b: 2 }, () => ['record']);
      out.say('by the way');
      await out.flushed();
      expect(io.said()).toEqual({ stdout: expected, stderr: 'by the way\n' });
    }
  });

  it('waits for its reader, and for none that has gone', async () => {
    const io = testIo();
    io.stdout.pause();
    const out = new Output(io, false);
    let isTaken = false;
    const writing = out.write('x'.repeat(100_000)).then(() => (isTaken = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isTaken).toBe(false);
    io.stdout.resume();
    await writing;
    io.stdout.pause();
    const lost = out.write('x'.repeat(100_000));
    io.stdout.destroy();
    await lost;
    await out.write('more');
    await out.flushed();
  });

  it('makes JSON of what JSON has no form for', () => {
    const at = new Date(0);
    const value = {
      at,
      big: 2n ** 64n,
      map: new Map([['a', 1n]]),
      set: new Set([1]),
      bytes: Buffer.from('hi'),
    };
    expect(asJson(value)).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","big":"18446744073709551616","map":[["a","1"]],"set":[1],"bytes":"aGk="}',
    );
    expect(asJson(new Uint8Array([1]))).toBe('"AQ=="');
  });

  it('aligns tables', () => {
    expect(
      table(
        ['name', 'due'],
        [
          ['a\nb', 10],
          [undefined, new Date(0)],
        ],
      ),
    ).toEqual(['name  due', 'a b   10', '-     1970-01-01T00:00:00.000Z']);
  });

  it('draws a bar on a terminal, ten times a second at most, and makes room for lines', async () => {
    const io = testIo({ isTerminal: true });
    let now = 0;
    const progress = new Progress(io.stderr, () => now);
    progress.show('50 rows', 0.5);
    now = 50;
    progress.show('too soon', 0.6);
    now = 150;
    progress.show('rows');
    progress.clear();
    progress.clear();
    expect(io.said().stderr).toBe(
      `\r[${'='.repeat(12)}${' '.repeat(12)}] 50 % 50 rows\u001b[K\rrows\u001b[K\r\u001b[K`,
    );
  });

  it('says how far it is in a line every five seconds where there is no terminal', () => {
    const io = testIo();
    let now = 0;
    const progress = new Progress(io.stderr, () => now);
    for (now of [0, 4999, 5000, 9000, 10_000]) progress.show(`at ${now}`, 0.251);
    progress.clear();
    expect(io.said().stderr).toBe('25 % at 5000\n25 % at 10000\n');
  });

  it('asks on a terminal before it destroys, and refuses without one', async () => {
    await expect(confirm(testIo(), 'This destroys.', signal)).rejects.toThrow(CommandUsageError);
    const answered = async (answer: string) => {
      const io = testIo({ isTerminal: true });
      const asked = confirm(io, 'This destroys.', signal);
      io.stdin.push(`${answer}\n`);
      await asked;
    };
    await answered('y');
    await answered('Yes');
    for (const no of ['n', '', 'yesterday'])
      await expect(answered(no)).rejects.toThrow(CommandInterruptedError);
    const ending = new AbortController();
    const asked = confirm(testIo({ isTerminal: true }), 'This destroys.', ending.signal);
    ending.abort();
    await expect(asked).rejects.toThrow(CommandInterruptedError);
  });
});
