import { command } from '../command.js';

export const handlersPause = command({
  name: 'handlers pause',
  summary: "Has all processes leave a handler's deliveries alone, until it is resumed.",
  details:
    'Within their poll interval, and through deploys. What runs goes on; events go on being collected for it.',
  args: [['<handler...>', 'names of handlers']],
  examples: ['handlers pause Mails.send'],
  async run({ args: [names], tools: { deliveries }, out }) {
    for (const name of names as string[]) await deliveries.pause(name);
    await out.document({ paused: names }, () => [`Paused: ${(names as string[]).join(', ')}.`]);
  },
});
