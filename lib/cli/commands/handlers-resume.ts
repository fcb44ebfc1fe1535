import { command } from '../command.js';

export const handlersResume = command({
  name: 'handlers resume',
  summary: "Has processes handle a paused handler's deliveries again.",
  args: [['<handler...>', 'names of handlers']],
  examples: ['handlers resume Mails.send'],
  async run({ args: [names], tools: { deliveries }, out }) {
    for (const name of names as string[]) await deliveries.resume(name);
    await out.document({ resumed: names }, () => [`Resumed: ${(names as string[]).join(', ')}.`]);
  },
});
