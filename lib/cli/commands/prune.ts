import { command } from '../command.js';
import { CommandFailedError, CommandInterruptedError } from '../errors.js';

export const prune = command({
  name: 'prune',
  summary: "Removes what is older than the application's option 'retention' keeps, now.",
  details:
    'Workers do so by themselves, every ten minutes. It gives way to other work: it rests as long as it works.',
  examples: ['prune -y'],
  destroys: () => "This removes what is older than the application's option 'retention' keeps.",
  async run({ tools: { retention }, out, signal }) {
    if (retention.keepsAll) out.say("The application's option 'retention' keeps everything.");
    const report = await retention.run(signal, (soFar) => out.progress.show(JSON.stringify(soFar)));
    if (!report)
      throw new CommandFailedError('Another process is removing what is old: nothing was done here.');
    const { succeeded, cancelled, payloads, events } = report;
    const dead = Object.values(report.dead).reduce((sum, count) => sum + count, 0);
    const line = `Removed: ${succeeded} succeeded, ${cancelled} cancelled and ${dead} dead deliveries, the data of ${payloads} events, ${events} events.`;
    await out.document(report, () => [line]);
    if (signal.aborted) throw new CommandInterruptedError(`Ended before its end. ${line}`);
  },
});
