import { command } from '../command.js';

export const followersResume = command({
  name: 'followers resume',
  summary: 'Lets a follower go on that was paused, has stopped at an event, or waits to try one again.',
  args: [['<follower...>', 'names of followers']],
  examples: ['followers resume TrickCounter'],
  async run({ args: [names], tools: { followers }, out }) {
    for (const name of names as string[]) await followers.resume(name);
    await out.document({ resumed: names }, () => [`Resumed: ${(names as string[]).join(', ')}.`]);
  },
});
