import { command } from '../command.js';

export const followersPause = command({
  name: 'followers pause',
  summary: 'Has all processes leave a follower alone, until it is resumed.',
  details: 'When the command ends, no transaction of the follower is open any more.',
  args: [['<follower...>', 'names of followers']],
  examples: ['followers pause TrickCounter'],
  async run({ args: [names], tools: { followers }, out }) {
    for (const name of names as string[]) await followers.pause(name);
    await out.document({ paused: names }, () => [`Paused: ${(names as string[]).join(', ')}.`]);
  },
});
